"""Model folders in the repository that Triton reads: whole or not at all, once for all."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.domain.model import ModelManifest
from shared.errors import InvalidInputError, ModelError
from shared.inference.partial_version import partial_version
from shared.inference.triton_config import VERSION, Served
from shared.storage.documents import to_json
from shared.storage.files import sha256_of, write_bytes

_FILE = "model.onnx"
_NOT_WRITABLE = (errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EROFS)


def stage_folder(repository: Path, served: Served, manifest: ModelManifest) -> Path:
    """Write `<name>/{config.pbtxt,labels.txt,model.json,<version>/model.onnx}`, if not there.

    The name holds a hash of all of it that matters, so what is there is never written again.

    Raises:
        ModelError: `model_changed`: what is there is not what was written.
        InvalidInputError: `repository_not_writable`.
        TransientError: `disk_full`.
    """
    target = repository / served.name
    if target.is_dir():
        _refuse_changed(target / VERSION / _FILE, manifest)
        return target
    # The server skips what begins with a dot, as a folder does that is not whole yet.
    with _understood(repository), partial_version(repository) as partial:
        _fill(partial, served, manifest)
        _appear(partial, target)
    return target


def _refuse_changed(file: Path, manifest: ModelManifest) -> None:
    """The server reads the file without a look at its hash."""
    found = sha256_of(file) if file.is_file() else None
    if found != manifest.sha256:
        raise ModelError(
            "model_changed",
            f"{file}: its SHA-256 is not the one of {manifest.label}; remove the folder "
            f"{file.parents[1].name}, and it is written anew.",
        )


def _fill(folder: Path, served: Served, manifest: ModelManifest) -> None:
    folder.chmod(0o755)
    version = folder / VERSION
    version.mkdir()
    version.chmod(0o755)
    write_bytes(version / _FILE, served.content)
    write_bytes(folder / "config.pbtxt", served.document.encode())
    write_bytes(folder / "labels.txt", "".join(f"{name}\n" for name in manifest.classes).encode())
    write_bytes(folder / "model.json", to_json(manifest))


def _appear(partial: Path, target: Path) -> None:
    try:
        partial.rename(target)
    except OSError:
        if not target.is_dir():  # another process was quicker
            raise


@contextmanager
def _understood(repository: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in _NOT_WRITABLE:
            raise
        raise InvalidInputError(
            "repository_not_writable",
            f"TRACKLOOP_INFERENCE_URL: repository {repository} cannot be written "
            f"({error.strerror}); give this user the right, or mount Triton's repository there.",
        ) from error
