"""`trackloop up` as a user starts it: a process of its own on a free port."""

import os
import signal as signals
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from api_gateway.client import Client
from tests.support.command import NOTHING, Ended, run, start

_START_SECONDS = 120.0


@dataclass
class Up:
    """A service and what it printed so far. `variables`: with which commands find it."""

    process: "subprocess.Popen[str]"
    storage: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    url: str = ""
    key: str = ""
    lines: list[str] = field(default_factory=list)

    def client(self) -> Client:
        """A client with the key that was printed."""
        return Client(self.url, self.key)

    def stop(self, signal: int, seconds: float = 60) -> int:
        """Send the signal; the exit code."""
        self.process.send_signal(signal)
        return self.process.wait(seconds)

    def press_ctrl_c(self, seconds: float = 60) -> int:
        """What a terminal does: the signal goes to the children as well; the exit code."""
        os.killpg(self.process.pid, signals.SIGINT)
        return self.process.wait(seconds)

    @property
    def said(self) -> str:
        """All of its output so far."""
        return "".join(self.lines)

    def trackloop(self, *arguments: object) -> Ended:
        """A command of the same user."""
        return run(self.storage, *arguments, variables=self.variables)


@contextmanager
def up(storage: Path, *arguments: object, variables: Mapping[str, str] = NOTHING) -> Iterator[Up]:
    """The service on this storage, killed at the end unless it has ended before."""
    command = ("up", "--port", 0, *arguments)
    with start(storage, *command, own_group=True, variables=variables) as process:
        service = Up(process, storage, variables)
        reading = threading.Thread(target=_read, args=(service,), daemon=True)
        reading.start()
        try:
            _wait_for_start(service)
            service.url = _after("Trackloop answers at ", service.lines)
            service.key = _after("key: ", service.lines)
            yield service
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
            reading.join()


def until(
    reached: Callable[[], bool], process: "subprocess.Popen[str]", seconds: float = 120
) -> None:
    """Wait while the process lives."""
    end = time.monotonic() + seconds
    while not reached():
        assert process.poll() is None, f"it ended with {process.returncode}"
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.02)


def answer(ended: Ended) -> dict[str, object]:
    """What a command with --json printed."""
    found: dict[str, object] = orjson.loads(ended.output[ended.output.index("{") :])
    return found


def _wait_for_start(service: Up) -> None:
    try:
        until(lambda: "Ctrl-C stops it" in service.said, service.process, _START_SECONDS)
    except AssertionError as error:
        raise AssertionError(f"{error}: {service.said}") from None


def _read(service: Up) -> None:
    assert service.process.stdout is not None
    for line in service.process.stdout:
        service.lines.append(line)


def _after(start_of_line: str, lines: list[str]) -> str:
    return next(
        line.removeprefix(start_of_line).strip() for line in lines if line.startswith(start_of_line)
    )
