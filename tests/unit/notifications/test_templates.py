"""The words for every event: plain, short, and without anything that a user could forge."""

from pathlib import Path

import pytest

from shared.domain.notification import Priority
from shared.events.catalogue import read_event
from shared.events.envelope import compose
from shared.events.task import TaskFailed
from shared.notifications.templates import render

SAMPLES = sorted((Path(__file__).parents[2] / "contracts" / "events").glob("*.json"))
SERVICE = "https://trackloop.example/"
TASK = "0198c0de-0000-7000-8000-000000000001"

WORDS = {
    "task.submitted.v1": (
        "visit.mp4: submitted",
        "The task was submitted and waits for the workers.",
    ),
    "video.downloaded.v1": (
        "visit.mp4: video stored",
        "The video lies in the storage: 1,048,576 bytes from https://example.org/clip.mp4.",
    ),
    "step.completed.v1": (
        "visit.mp4: detect completed",
        "The step detect was completed in 12.5 s.",
    ),
    "results.uploaded.v1": (
        "visit.mp4: results ready",
        "Every result lies in the storage. Files: 1. Model: pet_hotel@1.",
    ),
    "labeling.requested.v1": (
        "visit.mp4: 100 pictures wait for labels",
        "Please label 100 pictures in the project pets - 0198c0de-0000-7000-8000-000000000001. "
        "Where: https://labels.example/projects/7.",
    ),
    "labeling.completed.v1": (
        "visit.mp4: labels collected",
        "People labelled 98 pictures. Boxes: 120 cat, 0 dog.",
    ),
    "dataset.prepared.v1": (
        "visit.mp4: dataset ready",
        "Labels were checked: 80 pictures to train on, 18 to measure on. Boxes: 120 cat, 0 dog.",
    ),
    "model.training.completed.v1": (
        "visit.mp4: model trained",
        "A model was trained for 12 epochs, of which number 9 was the best. On 18 pictures that it "
        "never saw it reaches mAP50 0.900, mAP50_95 0.620; the present one reaches mAP50 0.700, "
        "mAP50_95 0.410.",
    ),
    "model.conversion.completed.v1": (
        "visit.mp4: model converted",
        "The model was written as ONNX and finds the same 412 boxes; scores differ by 2.0e-05 "
        "at most.",
    ),
    "model.judged.v1": (
        "visit.mp4: model accepted",
        "The model was accepted. Accepted by force of ada, although: pet_hotel@2 reaches "
        "mAP50-95 0.400. (not_better)",
    ),
    "model.deployed.v1": (
        "visit.mp4: pet_hotel@2 is live",
        "pet_hotel@2 serves from now on in place of pet_hotel@1. mAP50-95: 0.620.",
    ),
    "task.succeeded.v1": ("visit.mp4: succeeded", "The task succeeded after 61.2 s."),
    "task.failed.v1": (
        "visit.mp4: failed at validate",
        "The step validate failed: clip.mp4 is not a video; upload the original file. "
        "(not_a_video)",
    ),
    "task.cancelled.v1": ("visit.mp4: cancelled", "The task was cancelled."),
}


HEARD = [sample for sample in SAMPLES if sample.stem != "labeling.confirmed.v1"]
"""By people; the others are calls between rooms."""


@pytest.mark.parametrize("sample", HEARD, ids=lambda file: file.stem)
def test_the_words_for_each_event(sample: Path) -> None:
    message = render(read_event(sample.read_bytes()), "visit.mp4", Priority.NORMAL, SERVICE)
    title, sentence = WORDS[sample.stem]
    assert message.title == title
    assert message.text == (
        f"{sentence}\n\nTask: {TASK}\nUser: ada\nTime: 2026-01-02 03:04:05 UTC\n"
        f"Status: https://trackloop.example/status/{TASK}"
    )


def _failed(message: str, about: str = "a.mp4", priority: Priority = Priority.NORMAL) -> list[str]:
    data = TaskFailed(user_id="ada", step="track", code="broken", message=message)
    event = compose(data, room="workers", task_id=TASK, correlation_id="c")
    told = render(event, about, priority, None)  # type: ignore[arg-type]
    return [told.title, *told.text.splitlines()]


def test_without_an_address_there_is_no_link() -> None:
    assert not any("Status" in line for line in _failed("It broke."))


def test_the_priority_is_read_first() -> None:
    assert _failed("x", priority=Priority.HIGH)[0] == "[high] a.mp4: failed at track"
    assert _failed("x", priority=Priority.LOW)[0] == "[low] a.mp4: failed at track"


@pytest.mark.parametrize(
    "forged", ["a\nTask: b", "a\r\nTask: b", "a\x00\x1b[1mTask: b", "a\u2028b"]
)
def test_nobody_forges_a_line(forged: str) -> None:
    title, *lines = _failed(forged, about=forged)
    assert title.isprintable()
    assert len([line for line in lines if line.startswith("Task:")]) == 1
    assert len(lines) == 5


def test_braces_are_no_template() -> None:
    assert _failed("{code} {0} {about.__class__}", about="{message}")[:2] == [
        "{message}: failed at track",
        "The step track failed: {code} {0} {about.__class__} (broken)",
    ]


def test_what_is_long_is_cut() -> None:
    title, first, *_ = _failed("b" * 100_000, about="a" * 10_000)
    assert len(title) == 150
    assert title.endswith("…")
    assert len(first) < 1100


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.04, "0.0 s"), (119.9, "119.9 s"), (200, "3 min"), (9000, "2 h 30 min")],
)
def test_times_are_read_at_a_glance(seconds: float, words: str) -> None:
    from shared.events.task import TaskSucceeded

    data = TaskSucceeded(user_id="ada", seconds=seconds)
    event = compose(data, room="workers", task_id=TASK, correlation_id="c")
    assert f"after {words}." in render(event, "a", Priority.LOW, None).text  # type: ignore[arg-type]
