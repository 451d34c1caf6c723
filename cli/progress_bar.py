"""Progress on the terminal: one bar a step, with rate and time left."""

from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress import Task as Bar
from rich.text import Text

from shared.progress.port import Found


class _Rate(ProgressColumn):
    """Units a second."""

    def render(self, task: Bar) -> Text:
        speed = task.finished_speed or task.speed
        unit = str(task.fields["unit"])
        return Text("" if speed is None else f"{speed:,.0f} {unit}/s", style="cyan")


class ProgressBar:
    """Adapter of the progress port for a terminal; prints nothing where there is none."""

    def __init__(self, console: Console) -> None:
        self._bars: dict[str, TaskID] = {}
        self._done: dict[str, dict[int, float]] = {}
        self._prefix = ""
        self._progress = Progress(
            TextColumn("{task.description:>10}"),
            BarColumn(),
            MofNCompleteColumn(),
            _Rate(),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )

    def begin(self, prefix: str) -> None:
        """Start new bars, named with this prefix; the old ones stay."""
        self._bars, self._done, self._prefix = {}, {}, prefix

    def report(
        self, task_id: str, step: str, done: float, total: float | None, unit: str, part: int = 0,
        *, found: Found | None = None,
    ) -> None:  # fmt: skip
        """See `Progress.report`."""
        if step not in self._bars:
            self._bars[step] = self._progress.add_task(self._prefix + step, total=total, unit=unit)
        parts = self._done.setdefault(step, {})
        parts[part] = done
        self._progress.update(self._bars[step], completed=int(sum(parts.values())), total=total)

    def forget(self, task_id: str) -> None:
        """Bars stay on the screen."""

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()
