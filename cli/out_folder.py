"""The folder that results go to; nobody else's files are ever replaced."""

import os
import shutil
import tempfile
from itertools import count
from pathlib import Path
from typing import Any

import orjson

from shared.errors import InvalidInputError
from shared.storage.files import link_or_copy, publishing_folder

RECORD = "run.json"


def default_out(video: Path) -> Path:
    """`runs/<video name>`, numbered where another video of that name has its results there."""
    wanted = str(video.absolute())
    folders = (Path("runs") / (video.stem + (f"-{n}" if n > 1 else "")) for n in count(1))
    return next(f for f in folders if not f.exists() or _record(f).get("source") == wanted)


def check_out(out: Path, storage: Path) -> Path:
    """The real folder behind `out`, which may be made, or replaced by new results.

    Raises:
        InvalidInputError: `out_not_empty`: it holds other files than results.
            `out_not_usable`: it can be no folder of results, or not be written.
    """
    real = out.resolve()
    if fault := _fault(real, storage.resolve()):
        raise InvalidInputError("out_not_usable", f"--out: {out} {fault}; name another folder.")
    if real.exists() and (stranger := _stranger(real)):
        raise InvalidInputError(
            "out_not_empty",
            f"--out: {out} holds {stranger}, which no run of ours wrote; "
            "name an empty or new folder.",
        )
    return real


def move_results(results: Path, out: Path, storage: Path) -> None:
    """Put a task's results into `out`, which appears whole or not at all.

    Raises:
        InvalidInputError: as `check_out`, since hours may have passed.
    """
    with publishing_folder(check_out(out, storage)) as partial:
        for source in sorted(results.rglob("*")):
            target = partial / source.relative_to(results)
            if source.is_dir():
                target.mkdir(exist_ok=True)
            else:
                link_or_copy(source, target)
    shutil.rmtree(results)


def _fault(real: Path, storage: Path) -> str | None:
    if real.exists() and not real.is_dir():
        return "is a file"
    if Path.cwd().is_relative_to(real):
        return "holds the folder that you are in"
    if storage.is_relative_to(real):
        return "holds Trackloop's storage"
    if real.exists() and os.path.ismount(real):
        return "is a mount point, which cannot be replaced"
    try:
        tempfile.TemporaryFile(dir=next(p for p in real.parents if p.exists())).close()
    except OSError as error:
        return f"cannot be written ({error.strerror})"
    return None


def _stranger(folder: Path) -> str | None:
    """A file that the record of the results does not list."""
    ours = {RECORD, *(entry["name"] for entry in _record(folder).get("artefacts", ()))}
    files = (path.relative_to(folder) for path in folder.rglob("*") if not path.is_dir())
    return next((str(path) for path in files if path.as_posix() not in ours), None)


def _record(folder: Path) -> dict[str, Any]:
    """run.json, if it is one of ours."""
    path = folder / RECORD
    try:
        record = orjson.loads(path.read_bytes()) if path.is_file() else None
    except orjson.JSONDecodeError:
        return {}
    return record if isinstance(record, dict) and "trackloop" in record else {}
