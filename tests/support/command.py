"""The `trackloop` command as a user starts it: a process of its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True)
class Ended:
    """How a command ended. `peak_bytes` is the largest sum of RSS over the process tree."""

    code: int
    output: str
    seconds: float
    peak_bytes: int


def command(*arguments: object) -> list[str]:
    """The command line."""
    return [sys.executable, "-m", "cli.main", *map(str, arguments)]


def environment(storage: Path, variables: Mapping[str, str] = NOTHING) -> dict[str, str]:
    """The environment of a command whose storage is this folder, unless a test names another."""
    root = Path(__file__).parents[2]
    return {
        **os.environ,
        "TRACKLOOP_STORAGE_URL": os.environ.get("TRACKLOOP_STORAGE_URL", storage.as_uri()),
        "PYTHONPATH": str(root),
        "COLUMNS": "200",
        **variables,
    }


def start(
    storage: Path,
    *arguments: object,
    own_group: bool = False,
    variables: Mapping[str, str] = NOTHING,
) -> "subprocess.Popen[str]":
    """Start a command; both its outputs come as one text.

    Args:
        own_group: as a shell does it, so that Ctrl-C would reach its children too.
        variables: on top of those of this process.
    """
    return subprocess.Popen(
        command(*arguments),
        env=environment(storage, variables),
        cwd=storage.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=own_group,
    )


def run(
    storage: Path,
    *arguments: object,
    timeout: float = 300,
    variables: Mapping[str, str] = NOTHING,
) -> Ended:
    """Run a command to its end and watch its memory."""
    started = time.monotonic()
    with start(storage, *arguments, variables=variables) as process:
        peak = 0
        while process.poll() is None:
            peak = max(peak, _tree_bytes(process.pid))
            if time.monotonic() - started > timeout:
                process.send_signal(signal.SIGKILL)
            time.sleep(0.05)
        output = process.stdout.read() if process.stdout else ""
    return Ended(process.returncode, output, time.monotonic() - started, peak)


def ask(
    storage: Path, *arguments: object, variables: Mapping[str, str] = NOTHING
) -> "subprocess.CompletedProcess[str]":
    """Run a short command whose two outputs are to be told apart."""
    return subprocess.run(
        command(*arguments), env=environment(storage, variables), cwd=storage.parent,
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def _tree_bytes(pid: int) -> int:
    total = 0
    try:
        parent = psutil.Process(pid)
        for process in (parent, *parent.children(recursive=True)):
            total += process.memory_info().rss
    except psutil.NoSuchProcess:
        return total  # it ended while we looked
    return total
