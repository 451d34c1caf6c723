"""Tasks on the terminal."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from cli.progress_bar import ProgressBar
from shared.domain.task import TaskState

if TYPE_CHECKING:
    from api_gateway.client.answers import Artefact, Status, TaskSummary

_STYLE = {"succeeded": "green", "failed": "bold red", "cancelled": "yellow"}


def print_status(console: Console, status: "Status") -> None:
    """A task and its steps; the chunks of a step as one line."""
    table = Table(show_header=False, box=None)
    table.add_row("task", status["task_id"])
    table.add_row("state", _state(status["state"]))
    table.add_row("source", escape(status["source"]))
    table.add_row("percent", f"{status['percent']:.0f}")
    for name in ("created_at", "started_at", "ended_at"):
        table.add_row(name.removesuffix("_at"), status[name] or "")
    if status["error"]:
        error = status["error"]
        table.add_row("error", escape(f"{error['code']}: {error['message']}"))
    for step, states in _by_step(status).items():
        if set(states) == {"cancelled"}:
            continue  # it never began
        done = sum(state == "done" for state in states)
        count = f" {done}/{len(states)}" if len(states) > 1 else ""
        latest = next((state for state in states if state != "done"), "done")
        table.add_row("", f"{step}: {latest}{count}")
    if status["progress"] and (reached := _reached(status["progress"]["found"])):
        table.add_row("", escape(reached))
    for phase in status["loop"]:
        table.add_row(phase["pipeline"], f"{_state(phase['state'])} {phase['task_id']}")
    console.print(table)


def print_tasks(console: Console, tasks: "Iterable[TaskSummary]") -> None:
    """A line for each task."""
    table = Table(
        Column("task", no_wrap=True), "state", Column("created", no_wrap=True), "source", "error",
        box=None,
    )  # fmt: skip
    for task in tasks:
        error = task["error"]["code"] if task["error"] else ""
        table.add_row(
            task["task_id"], _state(task["state"]), task["created_at"][:19],
            escape(task["source"]), escape(error),
        )  # fmt: skip
    console.print(table)


def print_artefacts(console: Console, artefacts: "Iterable[Artefact]") -> None:
    """A line for each file."""
    table = Table("file", "bytes", "of step", box=None)
    for artefact in artefacts:
        table.add_row(escape(artefact["name"]), f"{artefact['size']:,}", artefact["step"])
    console.print(table)


class LiveStatus:
    """Shows statuses as progress: one bar for each step that reports."""

    def __init__(self, bar: ProgressBar) -> None:
        self._bar = bar
        self._open: dict[str, tuple[float, str]] = {}

    def show(self, status: "Status") -> None:
        """Move the bars; those of steps that ended meanwhile go to their end."""
        task_id, progress = status["task_id"], status["progress"]
        if progress and (progress["total"] or progress["done"]):
            step, done, unit = progress["step"], progress["done"], progress["unit"]
            self._bar.report(task_id, step, done, progress["total"], unit)
            self._open[step] = progress["total"] or done, unit
        states = _by_step(status)
        for step in list(self._open):
            if status["state"] == TaskState.SUCCEEDED or set(states.get(step, ())) == {"done"}:
                total, unit = self._open.pop(step)
                self._bar.report(task_id, step, total, total, unit)


def _by_step(status: "Status") -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for step in status["steps"]:
        found.setdefault(step["name"], []).append(step["state"])
    return found


def _reached(found: Mapping[str, Any]) -> str:
    """What a training has reached; nothing for other steps."""
    if "best_epoch" not in found:
        return ""
    losses = ", ".join(f"{name} {value:.3f}" for name, value in found["losses"].items())
    return (
        f"epoch {found['epoch']}: {losses}, mAP50-95 {found['metrics']['mAP50_95']:.3f}; best: "
        f"epoch {found['best_epoch']}, {found['best_metrics']['mAP50_95']:.3f}"
    )


def _state(state: str) -> str:
    return f"[{_STYLE.get(state, 'cyan')}]{state}[/]"
