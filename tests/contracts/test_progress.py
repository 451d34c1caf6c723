"""What every progress board must do; a new adapter only adds its URL."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from shared.events.envelope import new_id
from shared.progress.adapters import open_board
from shared.progress.port import ProgressBoard, ProgressReport


@pytest.fixture(params=["memory", "redis"])
def board(request: pytest.FixtureRequest) -> Iterator[ProgressBoard]:
    memory = request.param == "memory"
    url: str = "memory://" if memory else request.getfixturevalue("redis_url")
    with open_board(url) as opened:
        yield opened


@pytest.fixture
def task(board: ProgressBoard) -> Iterator[str]:
    """A task of this test's own, forgotten at the end."""
    task_id = new_id()
    yield task_id
    board.forget(task_id)


def _read(board: ProgressBoard, task: str) -> ProgressReport:
    report = board.read(task)
    assert report is not None
    return report


def test_nothing_is_known_of_a_task_that_never_reported(board: ProgressBoard, task: str) -> None:
    assert board.read(task) is None


def test_a_report_is_read_as_it_was_given(board: ProgressBoard, task: str) -> None:
    before = datetime.now(UTC)
    board.report(task, "transcode", 30, 120, "frames")
    report = _read(board, task)
    assert (report.step, report.done, report.total, report.unit) == (
        "transcode", 30, 120, "frames",
    )  # fmt: skip
    assert report.percent == 25
    assert report.rate is None, "one report tells no rate"
    assert report.seconds_left is None
    assert timedelta() <= report.reported_at - before < timedelta(seconds=10)
    assert report.reported_at.tzinfo is UTC


def test_rate_and_time_left_follow_from_the_first_report(board: ProgressBoard, task: str) -> None:
    board.report(task, "track", 10, 100, "frames")
    time.sleep(0.2)
    board.report(task, "track", 40, 100, "frames")
    report = _read(board, task)
    assert report.rate is not None
    assert 30 / 2 < report.rate <= 30 / 0.2
    assert report.seconds_left == pytest.approx(60 / report.rate)


def test_without_a_total_there_is_no_percentage(board: ProgressBoard, task: str) -> None:
    board.report(task, "download", 10, None, "bytes")
    time.sleep(0.05)
    board.report(task, "download", 20, None, "bytes")
    report = _read(board, task)
    assert (report.done, report.total) == (20, None)
    assert (report.percent, report.seconds_left) == (None, None)
    assert report.rate is not None
    board.report(task, "download", 20, 20, "bytes")
    assert _read(board, task).percent == 100


def test_parts_are_summed(board: ProgressBoard, task: str) -> None:
    for part, done in ((0, 10), (1, 20), (0, 15), (11, 5)):
        board.report(task, "detect", done, 100, "frames", part)
    assert _read(board, task).done == 40


def test_a_part_that_is_there_at_once_is_no_speed(board: ProgressBoard, task: str) -> None:
    board.report(task, "detect", 1, 2000, "frames", 0)
    time.sleep(0.1)
    board.report(task, "detect", 1000, 2000, "frames", 1)
    assert _read(board, task).rate is None, "nothing was measured"
    board.report(task, "detect", 11, 2000, "frames", 0)
    report = _read(board, task)
    assert report.done == 1011
    assert report.rate is not None
    assert report.rate <= 100


def test_the_step_that_reported_last_is_read(board: ProgressBoard, task: str) -> None:
    board.report(task, "detect", 10, 100, "frames", 0)
    board.report(task, "extract_frames", 1, 5, "frames")
    assert _read(board, task).step == "extract_frames"
    board.report(task, "detect", 20, 100, "frames", 1)
    report = _read(board, task)
    assert (report.step, report.done) == ("detect", 30), "a step beside it takes nothing away"


def test_a_step_that_begins_anew_goes_back(board: ProgressBoard, task: str) -> None:
    for done in (50, 5):
        board.report(task, "track", done, 100, "frames")
        time.sleep(0.01)
    report = _read(board, task)
    assert (report.done, report.rate) == (5, None)


def test_a_forgotten_task_is_unknown_and_others_are_not(board: ProgressBoard, task: str) -> None:
    other = new_id()
    board.report(task, "track", 1, 2, "frames")
    board.report(other, "track", 1, 2, "frames")
    board.forget(task)
    board.forget(task)
    assert board.read(task) is None
    assert board.read(other) is not None
    board.forget(other)


def test_parts_report_at_the_same_moment(board: ProgressBoard, task: str) -> None:
    def part(number: int) -> None:
        for done in range(1, 21):
            board.report(task, "detect", done, 160, "frames", number)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(part, range(8)))
    assert _read(board, task).done == 160


def test_what_a_step_knows_stays_until_it_knows_more(board: ProgressBoard, task: str) -> None:
    board.report(task, "fit", 0, 9, "epochs")
    assert _read(board, task).found == {}
    board.report(task, "fit", 1, 9, "epochs", found={"epoch": 1, "metrics": {"mAP50": 0.25}})
    board.report(task, "fit", 1.5, 9, "epochs")
    assert _read(board, task).found == {"epoch": 1, "metrics": {"mAP50": 0.25}}
    board.report(task, "fit", 2, 9, "epochs", found={"epoch": 2})
    assert _read(board, task).found == {"epoch": 2}
    board.report(task, "evaluate", 0, 5, "pictures")
    assert _read(board, task).found == {}


def test_what_would_grow_for_ever_is_refused(board: ProgressBoard, task: str) -> None:
    with pytest.raises(ValueError, match="write a file instead"):
        board.report(task, "fit", 1, 9, "epochs", found={"epochs": [0.123456] * 1000})
    assert board.read(task) is None
