"""Never outlive the parent: nobody would hear, and two would train in one folder."""

import ctypes
import os
import signal
import sys
import threading

_PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int) -> None:
    """Let the kernel kill this process when the thread that started it ends (Linux).

    Args:
        parent: its process id, to notice that it is gone already.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        _die()


def heed_parent() -> None:
    """End when the standard input does, which only the parent writes to; on every system."""
    threading.Thread(target=_wait, name="heed-parent", daemon=True).start()


def _wait() -> None:
    while os.read(0, 4096):
        pass
    _die()


def _die() -> None:
    # With the readers of pictures that it started: they are of its group, and it leads that.
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)
