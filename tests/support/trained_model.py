"""A small network that was really trained, once for all processes of a test run."""

from dataclasses import dataclass
from pathlib import Path

from shared.domain.detection import Detections
from shared.domain.label import Labels
from shared.evaluation.matching import Measured
from shared.evaluation.measure import measure
from shared.evaluation.record import Evaluation, read_evaluation, write_evaluation
from shared.training.jobs import FitJob, Weights
from shared.training.settings import FitSettings
from shared.training.torch_runtime import open_weights
from shared.training.trainer import Trainer
from tests.support.deploying import held_out_labels
from tests.support.once import once
from tests.support.training_sets import CLASSES, train_python, write_dataset

SETTINGS = FitSettings(
    epochs=24, patience=0, image_size=96, batch=8, base="scratch", size="atto", mosaic=0, seed=3,
    learning_rate=0.01,
)  # fmt: skip
_RECORD = "evaluation.json"
THREADS = 1
"""Two that wait for each other on a machine with other work are ten times slower."""


@dataclass(frozen=True)
class Trained:
    """What a training and its dataset left; nobody changes these files.

    Attributes:
        evaluation: beside a present model that finds nothing.
    """

    dataset: Path
    weights: Weights
    evaluation: Evaluation

    @property
    def labels(self) -> Labels:
        """Of the held-out pictures."""
        return self.evaluation.labels

    @property
    def found(self) -> Measured:
        """What the weights find there."""
        return self.evaluation.new


def trained_model(shared: Path) -> Trained:
    """The one of this test run.

    Args:
        shared: a folder that all processes of the run have, and no other run.
    """
    folder = once(
        shared, "trained", lambda folder: write_evaluation(folder / _RECORD, _train(folder))
    )
    evaluation = read_evaluation(folder / _RECORD)
    weights = Weights(folder / "out" / "model.pt", evaluation.weights_sha256)
    return Trained(folder / "dataset", weights, evaluation)


def _train(folder: Path) -> Evaluation:
    python = train_python()
    dataset = write_dataset(folder / "dataset", train=64, test=40)
    job = FitJob(dataset, folder / "work", folder / "out", SETTINGS, threads=THREADS)
    weights = Trainer(python).fit(job, lambda _: None).model
    labels = held_out_labels(dataset)
    with open_weights(python, weights, THREADS) as runtime:
        found = measure(runtime, runtime.manifest, labels, dataset / "data" / "images")
    none = [Detections.empty()] * len(labels.pictures)
    return Evaluation(
        labels, Measured("the trained model", found.classes, found.found),
        Measured("the present model", CLASSES, none), weights.sha256,
    )  # fmt: skip
