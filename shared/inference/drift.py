"""Whether the files of a model are still those that its manifest was written for."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from shared.inference.models import Model
from shared.storage.files import sha256_of


@dataclass(frozen=True, slots=True)
class Drift:
    """A file that is not what was published.

    Attributes:
        label: `name@version`.
        fault: what is wrong, as a sentence goes on after the file's name.
    """

    label: str
    file: Path
    fault: str

    @property
    def remedy(self) -> str:
        """What to do about it."""
        name = self.label.partition("@")[0]
        return (
            f"restore the file, let the version before serve (`trackloop models rollback {name}`), "
            "or deploy its training again"
        )

    @property
    def message(self) -> str:
        """All of it, as one sentence."""
        return f"{self.label}: {self.file} {self.fault}; {self.remedy}."


def drifts(models: Iterable[Model]) -> Iterator[Drift]:
    """What is wrong with the files of these models, on this host; each is read whole.

    Pruned versions have none.
    """
    for model in models:
        if model.pruned:
            continue
        manifest = model.manifest
        expected = {model.path: manifest.sha256}
        if model.weights is not None and manifest.weights_sha256 is not None:
            expected[model.weights] = manifest.weights_sha256
        for file, sha256 in expected.items():
            if (fault := _fault(file, sha256)) is not None:
                yield Drift(manifest.label, file, fault)


def _fault(file: Path, expected: str) -> str | None:
    try:
        found = sha256_of(file)
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    if found != expected:
        return f"has changed: its SHA-256 is {found}, and was {expected}"
    return None
