"""What takes long to make, made by one process of a test run for all of them."""

import fcntl
import shutil
from collections.abc import Callable
from pathlib import Path

_WHOLE = "whole"


def once(shared: Path, name: str, make: Callable[[Path], object]) -> Path:
    """The folder that `make` filled; whoever comes first makes it, the others wait for that.

    Args:
        shared: a folder that all processes of the run have, and no other run.
        make: is given an empty folder.
    """
    folder = shared / name
    with (shared / f"{name}.gate").open("a") as gate:
        # A lock goes with its process: what a killed one left is made anew.
        fcntl.flock(gate, fcntl.LOCK_EX)
        if not (folder / _WHOLE).exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            (folder / _WHOLE).touch()
    return folder
