"""A service of the demo's own, on a storage of its own, and how its tasks are waited for."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api_gateway.client import Client
from api_gateway.client.answers import ENDED, Fault, Phase, Status
from cli.progress_bar import ProgressBar
from shared.errors import InvalidInputError, PermanentError
from shared.settings import Settings, load_settings

_LOOK_SECONDS = 0.5


def own_settings(folder: Path) -> Settings:
    """One process on this folder, whatever servers the variables name.

    Raises:
        InvalidInputError: `out_not_empty`: an earlier service has left something there;
            `invalid_settings`.
    """
    if folder.exists():
        raise InvalidInputError(
            "out_not_empty", f"{folder} is there already; remove it, or choose another --out."
        )
    storage = folder.absolute()
    own: dict[str, Any] = {
        "storage_url": storage.as_uri(), "database_url": f"sqlite:///{storage / 'trackloop.db'}",
        "broker_url": "memory://", "redis_url": "memory://", "api_key": None,
        "host": "127.0.0.1", "port": 0, "notify_urls": {},
        "labeling_url": "folder://", "labeling_poll_seconds": 1.0,
    }  # fmt: skip
    return load_settings().model_copy(update=own)


@dataclass(frozen=True, slots=True)
class Following:
    """Waits for tasks, with bars for what runs.

    Attributes:
        asked_to_stop: whether Ctrl-C was pressed: then waiting ends with KeyboardInterrupt.
    """

    client: Client
    progress: ProgressBar
    asked_to_stop: Callable[[], bool]

    def ended(self, task_id: str) -> Status:
        """The last status of a task, however it ended."""
        while (status := self._look(task_id))["state"] not in ENDED:
            self._pause()
        return status

    def succeeded(self, task_id: str) -> Status:
        """The last status of a task.

        Raises:
            PermanentError: it did not succeed; with its own code.
        """
        status = self.ended(task_id)
        _check(status["pipeline"], status["state"], status["error"])
        return status

    def phase(self, root: str, pipeline: str, *states: str, after: str | None = None) -> Phase:
        """A phase of the loop that began with `root`, once it is in one of these states.

        Args:
            after: only phases behind the task with this id.

        Raises:
            PermanentError: a phase failed; with its own code.
        """
        while True:
            for phase in _behind(after, self.client.status(root)["loop"]):
                if phase["pipeline"] == pipeline and phase["state"] in states:
                    return phase
                if phase["state"] in ENDED:
                    _check(phase["pipeline"], phase["state"], phase["error"])
                else:
                    self._look(phase["task_id"])
            self._pause()

    def _look(self, task_id: str) -> Status:
        status = self.client.status(task_id)
        if now := status["progress"]:
            step, unit = now["step"], now["unit"]
            self.progress.report(task_id, step, now["done"], now["total"], unit)
        return status

    def _pause(self) -> None:
        if self.asked_to_stop():
            raise KeyboardInterrupt
        time.sleep(_LOOK_SECONDS)


def _behind(task_id: str | None, loop: Sequence[Phase]) -> Sequence[Phase]:
    """The phases that follow a task; all of them where none is named."""
    if task_id is None:
        return loop
    places = [place for place, phase in enumerate(loop) if phase["task_id"] == task_id]
    return loop[places[0] + 1 :] if places else ()


def _check(pipeline: str, state: str, error: Fault | None) -> None:
    if error is not None:
        raise PermanentError(error["code"], f"{pipeline} failed: {error['message']}")
    if state != "succeeded":
        raise PermanentError("task_ended", f"{pipeline} was {state}; run the demo again.")
