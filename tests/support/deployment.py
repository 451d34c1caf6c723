"""A deployment on servers as an operator starts it: gateway, beat and workers, a process each."""

import os
import secrets
import signal as signals
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from api_gateway.client import Client
from tests.support.command import Ended, run, start

_START_SECONDS = 120.0
WHOLE = {"worker": ("worker",)}


@dataclass
class Role:
    """One process and what it printed so far."""

    name: str
    process: "subprocess.Popen[str]"
    lines: list[str] = field(default_factory=list)

    @property
    def said(self) -> str:
        """All of its output so far."""
        return "".join(self.lines)

    def kill(self) -> None:
        """Without a word to anybody; its children end with it."""
        self.process.kill()
        self.process.wait(60)

    def stop(self) -> int:
        """As an operator would; the exit code."""
        self.process.terminate()
        return self.process.wait(60)


@dataclass
class Deployment:
    """Processes on the servers that the variables name.

    Attributes:
        roles: by name; each as if on a host of its own, with a cache of its own.
        storage: where files lie, unless the variables name another place.
        variables: with which commands find servers and gateway.
    """

    storage: Path
    key: str
    variables: dict[str, str]
    roles: dict[str, Role] = field(default_factory=dict)
    url: str = ""

    @property
    def process(self) -> "subprocess.Popen[str]":
        """The gateway's."""
        return self.roles["gateway"].process

    def client(self) -> Client:
        """A client with the deployment's key."""
        return Client(self.url, self.key)

    def trackloop(self, *arguments: object) -> Ended:
        """A command of whoever has the key."""
        return run(self.storage, *arguments, variables=self.variables)

    def start(self, name: str, *command: object) -> Role:
        """Start a role; `name` is this test's word for it."""
        cache = {"TRACKLOOP_CACHE_FOLDER": str(self.cache(name))}
        variables = self.variables | cache
        process = start(self.storage, *command, own_group=True, variables=variables)
        role = self.roles[name] = Role(name, process)
        threading.Thread(target=_read, args=(role,), daemon=True).start()
        return role

    def cache(self, name: str) -> Path:
        """Where a role keeps what it fetched."""
        return self.storage.with_name("caches") / name

    def wait_for(self, name: str, words: str) -> None:
        """Until the role says this."""
        role, end = self.roles[name], time.monotonic() + _START_SECONDS
        while words not in role.said:
            assert role.process.poll() is None, f"{name} ended: {role.said}"
            assert time.monotonic() < end, f"{name} does not say {words!r}: {role.said}"
            time.sleep(0.05)

    @property
    def said(self) -> str:
        """What all of them said so far, one after the other."""
        return "".join(role.said for role in self.roles.values())

    def stop(self, signal: int) -> int:
        """Send every role the signal; the exit code, where one differs the one that is not 0."""
        return self._stop(lambda role: role.process.send_signal(signal))

    def press_ctrl_c(self) -> int:
        """In every terminal: the signal goes to the children as well; the exit code as above."""
        return self._stop(lambda role: os.killpg(role.process.pid, signals.SIGINT))

    def _stop(self, stop: Callable[[Role], None]) -> int:
        for role in self.roles.values():
            if role.process.poll() is None:
                stop(role)
        codes = [role.process.wait(90) for role in self.roles.values()]
        return next((code for code in codes if code), 0)


@contextmanager
def deployed(
    storage: Path,
    urls: Mapping[str, str],
    *,
    workers: Mapping[str, Sequence[object]] = WHOLE,
    upgraded: bool = False,
) -> Iterator[Deployment]:
    """Gateway, beat and these workers while the block lasts.

    Args:
        urls: the variables that name the servers.
        workers: what to start, by a name for it.
        upgraded: whether the database has its tables already.
    """
    key = secrets.token_urlsafe(32)
    with ExitStack() as stack:
        here = Deployment(storage, key, {**urls, "TRACKLOOP_API_KEY": key})
        if not upgraded:
            upgrade = here.trackloop("db", "upgrade")
            assert upgrade.code == 0, upgrade.output
        stack.callback(_end, here)
        here.start("gateway", "gateway", "--port", 0)
        here.start("beat", "beat")
        for name, command in workers.items():
            here.start(name, *command)
        here.wait_for("gateway", "Trackloop answers at ")
        here.url = here.roles["gateway"].said.partition("Trackloop answers at ")[2].split()[0]
        here.variables["TRACKLOOP_URL"] = here.url
        for name in workers:
            here.wait_for(name, " ready.")
        here.wait_for("beat", "Connected to ")
        yield here


def _end(deployment: Deployment) -> None:
    for role in deployment.roles.values():
        if role.process.poll() is None:
            os.killpg(role.process.pid, signals.SIGKILL)
            role.process.wait()


def _read(role: Role) -> None:
    assert role.process.stdout is not None
    for line in role.process.stdout:
        role.lines.append(line)
