"""Events are strict when made, refuse secrets, and sort by time."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from shared.events.catalogue import UnreadableEventError, read_event
from shared.events.envelope import Event, compose, new_id
from shared.events.task import TaskCancelled, TaskFailed
from shared.events.video import VideoDownloaded, public_source

FAILED = TaskFailed(user_id="ada", step="track", code="broken", message="It broke.")


def _composed(**changes: Any) -> Event[TaskFailed]:
    return compose(FAILED, room="workers", task_id="t", correlation_id="c", **changes)


def test_an_event_survives_the_wire() -> None:
    event = _composed(cause="e0")
    assert read_event(event.to_json()) == event
    assert event.type == "task.failed.v1"
    assert event.source == "/trackloop/workers"
    assert datetime.now(UTC) - event.time < timedelta(seconds=10)


def test_an_event_is_frozen() -> None:
    with pytest.raises(ValidationError):
        _composed().subject = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    "wrong",
    [{"surprise": 1}, {"code": 7}, {"code": ""}, {"user_id": ""}, {"step": None}],
    ids=str,
)
def test_what_is_sent_is_checked(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TaskFailed(**(FAILED.model_dump() | wrong))


def test_ids_sort_by_time() -> None:
    ids = [new_id() for _ in range(1000)]
    assert ids == sorted(ids)
    assert len(set(ids)) == 1000


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"type": "nobody.knows.v1"}', b'{"type": "task.failed.v1"}']
)
def test_what_is_no_event_is_refused_by_code(body: bytes) -> None:
    with pytest.raises(UnreadableEventError) as refused:
        read_event(body)
    assert refused.value.code == "unreadable_event"


@pytest.mark.parametrize(
    ("source", "public"),
    [
        ("/videos/a b.mp4", "/videos/a b.mp4"),
        ("https://ada:secret@example.org:8443/a.mp4?sig=1#t", "https://example.org:8443/a.mp4"),
        ("s3://bucket/key.mp4", "s3://bucket/key.mp4"),
    ],
)
def test_a_source_is_announced_without_secrets(source: str, public: str) -> None:
    assert public_source(source) == public
    VideoDownloaded(user_id="ada", bytes=1, sha256="0" * 64, source=public)
    if source != public:
        with pytest.raises(ValidationError, match="credentials"):
            VideoDownloaded(user_id="ada", bytes=1, sha256="0" * 64, source=source)


def test_a_task_may_be_cancelled_before_any_step() -> None:
    cancelled = TaskCancelled(user_id="ada", step=None, code="cancelled", message="Cancelled.")
    event = compose(cancelled, room="gateway", task_id="t", correlation_id="c")
    assert read_event(event.to_json()).data == cancelled
