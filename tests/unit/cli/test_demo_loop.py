"""`trackloop demo --loop` before anything is filmed, and how it waits for tasks."""

from pathlib import Path
from typing import Any, cast

import pytest
from rich.console import Console
from typer.testing import CliRunner

from api_gateway.client import Client
from cli.demo_service import Following, own_settings
from cli.main import app
from cli.progress_bar import ProgressBar
from shared.errors import PermanentError, TrackloopError


def _refusal(*arguments: object) -> TrackloopError:
    error = CliRunner().invoke(app, ["demo", "--loop", *map(str, arguments)]).exception
    assert isinstance(error, TrackloopError)
    return error


def test_without_an_interpreter_that_trains_nothing_is_filmed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKLOOP_TRAIN_PYTHON", str(tmp_path / "python"))
    assert _refusal("--out", tmp_path / "out").code == "no_training_environment"
    assert not (tmp_path / "out").exists()


def test_an_earlier_storage_is_left_alone(tmp_path: Path) -> None:
    kept = tmp_path / "out" / "storage" / "trackloop.db"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"earlier")
    assert _refusal("--out", tmp_path / "out").code == "out_not_empty"
    assert kept.read_bytes() == b"earlier"


def test_it_stands_on_its_own_folder_whatever_the_variables_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "DATABASE_URL": "postgresql+psycopg://somebody@example.org/trackloop",
        "BROKER_URL": "amqp://example.org", "REDIS_URL": "redis://example.org",
        "STORAGE_URL": "s3://bucket/prefix", "LABELING_URL": "labelstudio+http://example.org",
        "NOTIFY_URLS": '{"ops": "webhook+https://example.org"}', "HOST": "0.0.0.0",  # noqa: S104
    }.items():  # fmt: skip
        monkeypatch.setenv(f"TRACKLOOP_{name}", value)
    settings = own_settings(tmp_path / "a b")
    assert settings.storage_root == tmp_path / "a b"
    urls = settings.database_url, settings.broker_url, settings.redis_url, settings.labeling_url
    assert urls == (
        f"sqlite:///{tmp_path}/a b/trackloop.db", "memory://", "memory://", "folder://",
    )  # fmt: skip
    assert (settings.host, settings.notify_urls) == ("127.0.0.1", {})


class _Told:
    """A client that is told what statuses to give, the last one again and again."""

    def __init__(self, *statuses: dict[str, Any]) -> None:
        self._statuses = list(statuses)

    def status(self, _: str) -> dict[str, Any]:
        return self._statuses.pop(0) if len(self._statuses) > 1 else self._statuses[0]


def _following(told: _Told, asked_to_stop: bool = False) -> Following:
    return Following(cast("Client", told), ProgressBar(Console()), lambda: asked_to_stop)


def _status(state: str, *loop: dict[str, Any], error: dict[str, Any] | None = None) -> Any:
    return {"pipeline": "video", "state": state, "loop": loop, "error": error, "progress": None}


def _phase(pipeline: str, state: str, error: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"task_id": pipeline, "pipeline": pipeline, "state": state, "error": error}


FAULT = {"code": "too_few_labels", "message": "labels: 3 are too few.", "step": "x"}


def test_a_phase_is_waited_for_until_it_is_where_it_should_be() -> None:
    told = _Told(
        _status("succeeded"),
        _status("succeeded", _phase("labeling", "succeeded"), _phase("training", "succeeded")),
    )
    assert _following(told).phase("root", "training", "succeeded")["task_id"] == "training"


def test_of_two_phases_alike_the_one_behind_a_task_is_meant() -> None:
    first, second = _phase("deployment", "succeeded"), _phase("deployment", "failed", FAULT)
    loop = (first, _phase("training", "succeeded"), second | {"task_id": "second"})
    following = _following(_Told(_status("succeeded", *loop)))
    found = following.phase("root", "deployment", "succeeded", "failed", after="training")
    assert found["task_id"] == "second"


def test_a_phase_that_failed_ends_the_wait_with_its_own_reason() -> None:
    told = _Told(_status("succeeded", _phase("labeling", "failed", FAULT)))
    with pytest.raises(PermanentError, match="3 are too few") as caught:
        _following(told).phase("root", "training", "succeeded")
    assert caught.value.code == "too_few_labels"


def test_a_task_that_was_cancelled_ends_the_wait() -> None:
    with pytest.raises(PermanentError) as caught:
        _following(_Told(_status("cancelled"))).succeeded("root")
    assert caught.value.code == "task_ended"


def test_ctrl_c_ends_the_wait() -> None:
    with pytest.raises(KeyboardInterrupt):
        _following(_Told(_status("running")), asked_to_stop=True).ended("root")
