"""What a terminal shows of a task of the service."""

from io import StringIO
from typing import Any, cast

from rich.console import Console

from api_gateway.client.answers import Status
from cli.progress_bar import ProgressBar
from cli.task_view import LiveStatus, print_status, print_tasks
from tests.support.tiny_service import status


def _status(state: str = "running", **more: Any) -> Status:
    return cast(Status, status(state, **more))


def _steps(**states: list[str]) -> list[dict[str, Any]]:
    return [
        {"name": name, "part": part, "state": state}
        for name, parts in states.items()
        for part, state in enumerate(parts)
    ]


def _progress(step: str, done: float, total: float | None) -> dict[str, Any]:
    return {"step": step, "done": done, "total": total, "unit": "frames"}


def _shown(*statuses: Status) -> str:
    screen = StringIO()
    console = Console(file=screen, force_terminal=True, width=120, color_system=None)
    with ProgressBar(console) as bar:
        live = LiveStatus(bar)
        for each in statuses:
            live.show(each)
    return screen.getvalue()


def test_a_step_that_ended_between_two_statuses_is_shown_as_done() -> None:
    shown = _shown(
        _status(steps=_steps(detect=["running"]), progress=_progress("detect", 70, 90)),
        _status(
            steps=_steps(detect=["done"], track=["running"]), progress=_progress("track", 1, 90)
        ),
    )
    assert "90/90" in shown
    assert "track" in shown


def test_a_step_whose_total_is_not_known_ends_with_what_was_done() -> None:
    shown = _shown(
        _status(progress=_progress("download", 7, None)),
        _status(steps=_steps(download=["done"])),
    )
    assert "7/7" in shown


def test_every_bar_is_full_once_the_task_has_succeeded() -> None:
    shown = _shown(_status(progress=_progress("overlay", 70, 90)), _status("succeeded"))
    assert "90/90" in shown


def test_a_bar_of_a_task_that_failed_stays_where_it_was() -> None:
    shown = _shown(
        _status(steps=_steps(detect=["running"]), progress=_progress("detect", 70, 90)),
        _status("failed", steps=_steps(detect=["failed"])),
    )
    assert "90/90" not in shown


def _printed(task: Status, *, width: int = 80) -> str:
    screen = StringIO()
    print_status(Console(file=screen, width=width, color_system=None), task)
    return screen.getvalue()


def test_chunks_are_one_line_and_an_error_is_a_sentence() -> None:
    error = {"code": "decoder_died", "message": "It [broke].", "step": "detect"}
    shown = _printed(
        _status(
            "failed", steps=_steps(detect=["done", "done", "failed"], track=["cancelled"]),
            error=error,
        )
    )  # fmt: skip
    assert "track" not in shown
    assert "detect: failed 2/3" in shown
    assert "decoder_died: It [broke]." in shown


def test_ids_are_whole_on_a_narrow_terminal() -> None:
    screen, task_id = StringIO(), "0199f3a0-7c1e-7e60-a8d0-0123456789ab"
    long = _status("succeeded", task_id=task_id, source="https://example.org/" + "a" * 200)
    print_tasks(Console(file=screen, width=60), [long])
    assert task_id in screen.getvalue()


def test_the_last_and_the_best_epoch_of_a_training_are_a_line() -> None:
    found = {
        "epoch": 7, "losses": {"box_loss": 1.25, "cls_loss": 0.5}, "metrics": {"mAP50_95": 0.4},
        "best_epoch": 5, "best_metrics": {"mAP50_95": 0.45},
    }  # fmt: skip
    shown = _printed(_status(progress=_progress("fit", 7.5, 9) | {"found": found}), width=120)
    line = "epoch 7: box_loss 1.250, cls_loss 0.500, mAP50-95 0.400; best: epoch 5, 0.450"
    assert line in shown
