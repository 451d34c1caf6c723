"""What a loop needs beside its ground: people who label, torch, and on servers a Triton."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.labelstudio_server import labelstudio_server
from tests.support.training_sets import train_python
from tests.support.triton_server import TritonServer, triton_server
from tests.support.true_labels import InFolder, InLabelStudio, TrueLabels


@dataclass(frozen=True)
class Beside:
    """What services that start now find in their environment.

    Attributes:
        triton: None where models run in the workers.
    """

    people: TrueLabels
    triton: TritonServer | None

    def triton_started_anew(self) -> None:
        """It knows no model any more."""
        if self.triton is not None and self.triton.server is not None:
            self.triton.kill()
            self.triton.start()

    def served(self, name: str) -> list[int]:
        """How many inferences each version of a model has had since Triton was started."""
        assert self.triton is not None
        with self.triton.client() as client:
            models = client.get_inference_statistics().model_stats
        return [each.inference_count for each in models if each.name.startswith(f"{name}-")]


@contextmanager
def beside_one_process(folder: Path) -> Iterator[Beside]:
    """A folder where people label; models run in the workers."""
    with _settings(Beside(InFolder(folder / "labelling"), None)) as beside:
        yield beside


@contextmanager
def beside_servers(folder: Path) -> Iterator[Beside]:
    """A real Label Studio and a real Triton.

    Of their own: the one answers but one asker at a time, and the other one is killed.
    """
    (folder / "triton").mkdir()
    with (
        labelstudio_server(folder) as labels,
        triton_server(folder / "triton") as triton,
        _settings(Beside(InLabelStudio(labels), triton)) as beside,
    ):
        yield beside


@contextmanager
def _settings(beside: Beside) -> Iterator[Beside]:
    """A gate for eight pictures, too.

    One thread: two that wait for each other on a machine with other work are ten times slower.
    """
    with pytest.MonkeyPatch.context() as patch:
        for name, value in beside.people.variables.items():
            patch.setenv(name, value)
        if beside.triton is not None:
            patch.setenv("TRACKLOOP_INFERENCE_URL", beside.triton.url)
        patch.setenv("TRACKLOOP_LABELING_POLL_SECONDS", "1")
        patch.setenv("TRACKLOOP_TRAIN_PYTHON", str(train_python()))
        patch.setenv("TRACKLOOP_GATE_FLOOR", "0.1")
        patch.setenv("TRACKLOOP_THREADS", "1")
        yield beside
