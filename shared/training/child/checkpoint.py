"""A training between two epochs, on disk: whatever dies, the last whole epoch stays.

`checkpoint.json` is the point of commit. It names the files of the last and of the best epoch,
with their hashes; it is replaced in one step, after the files that it names are whole, and what it
no longer names is deleted after that.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from shared.errors import PermanentError
from shared.storage.documents import read_document, write_document
from shared.storage.files import full_disk_as_error, sha256_of
from shared.training.child.own_weights import foreign

_COMMIT = "checkpoint.json"


@dataclass(frozen=True, slots=True)
class Epoch:
    """One pass, as metrics.json keeps it.

    Attributes:
        epoch: from 1.
        seconds: that it took, its validation included.
    """

    epoch: int
    seconds: float
    learning_rate: float
    losses: dict[str, float]
    metrics: dict[str, float]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What training goes on from.

    Attributes:
        job: fingerprint of what is trained; another one is another training.
        last, best: names of files, and `hashes` their SHA-256.
        ended: nothing is left to train.
    """

    job: str
    epochs: tuple[Epoch, ...]
    last: str
    best: str
    best_epoch: int
    hashes: dict[str, str]
    ended: bool


class CheckpointFolder:
    """The checkpoints of one training.

    Args:
        folder: made where it is missing.
        job: fingerprint of what is trained.
    """

    def __init__(self, folder: Path, job: str) -> None:
        self._folder, self._job = folder, job
        folder.mkdir(parents=True, exist_ok=True)

    def read(self) -> Checkpoint | None:
        """The last one, its files checked; None where no epoch has ended yet.

        Raises:
            PermanentError: `checkpoint_of_another_job`; `foreign_weights`: a file was changed.
        """
        commit = self._folder / _COMMIT
        if not commit.is_file():
            return None
        try:
            found = read_document(commit, Checkpoint)
        except ValidationError as error:
            raise foreign(commit, "it is no checkpoint of this version") from error
        if found.job != self._job:
            raise PermanentError(
                "checkpoint_of_another_job",
                f"{self._folder} holds the checkpoint of another training; give each its own "
                "work folder.",
            )
        for name in {found.last, found.best}:
            file = self._folder / name
            if not file.is_file() or sha256_of(file) != found.hashes[name]:
                raise foreign(file, "it is not as this training left it")
        return found

    def path(self, name: str) -> Path:
        """Where a file of the checkpoint lies."""
        return self._folder / name

    def commit(self, saved: Path, before: Checkpoint | None, epoch: Epoch, *, is_best: bool,
               ended: bool) -> Checkpoint:  # fmt: skip
        """Keep what the trainer has just saved.

        Args:
            saved: is moved, so it must lie on the same file system.
            before: what was committed last.

        Raises:
            TransientError: `disk_full`.
        """
        name = f"epoch-{epoch.epoch:04d}.pt"
        with full_disk_as_error(self._folder):
            saved.replace(self._folder / name)
        hashes = {name: sha256_of(self._folder / name)}
        best, best_epoch = (name, epoch.epoch) if is_best or before is None else (
            before.best, before.best_epoch
        )  # fmt: skip
        if before is not None and best != name:
            hashes[best] = before.hashes[best]
        epochs = (*(before.epochs if before else ()), epoch)
        new = Checkpoint(self._job, epochs, name, best, best_epoch, hashes, ended)
        write_document(self._folder / _COMMIT, new)
        for file in self._folder.glob("epoch-*.pt"):
            if file.name not in hashes:
                file.unlink()
        return new


def as_json(epoch: Epoch) -> dict[str, Any]:
    """For metrics.json."""
    return {
        "epoch": epoch.epoch, "seconds": epoch.seconds, "learning_rate": epoch.learning_rate,
        "losses": epoch.losses, "metrics": epoch.metrics,
    }  # fmt: skip
