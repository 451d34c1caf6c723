"""A storage on which a trained model waits to be deployed by a service."""

import shutil
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import orjson

from shared.db.database import Database
from shared.db.migrate import prepare
from shared.db.tables import TaskRow
from shared.domain.task import (
    AnalysisOptions,
    LabelingOptions,
    Options,
    TaskState,
    TrainingOptions,
)
from shared.evaluation.record import write_evaluation
from shared.inference.models import ModelStore
from shared.settings import REPOSITORY
from shared.storage.paths import Paths
from tests.support.deploying import NAME, publish_present
from tests.support.toolbox import toolbox
from tests.support.trained_model import THREADS, Trained
from tests.support.training_sets import CLASSES, train_python

OWNER = "local"
DATASET, TRAINING = (f"00000000-0000-4000-8000-{number:012d}" for number in (1, 2))


@dataclass(frozen=True)
class Deployable:
    """The storage of a service; the model `NAME` serves in version 1."""

    storage: Path

    @property
    def database_file(self) -> Path:
        """Of SQLite."""
        return self.storage / "trackloop.db"

    @property
    def paths(self) -> Paths:
        """What lies where."""
        return Paths(self.storage)

    @property
    def models(self) -> ModelStore:
        """Without those that Trackloop ships."""
        return ModelStore(self.storage / "none", self.paths.models())

    @property
    def variables(self) -> dict[str, str]:
        """For the service: a gate for few pictures, and the interpreter that converts."""
        return {
            "TRACKLOOP_TRAIN_PYTHON": str(train_python()),
            "TRACKLOOP_GATE_FLOOR": "0",
            "TRACKLOOP_THREADS": str(THREADS),
        }

    def copied(self, storage: Path) -> "Deployable":
        """The same elsewhere; nobody may be working on it."""
        shutil.copytree(self.storage, storage)
        return Deployable(storage)

    def opened(self) -> Database:
        """Its database; to be closed."""
        return Database(f"sqlite:///{self.database_file}")


def deployable(storage: Path, trained: Trained) -> Deployable:
    """A storage with all that a labelling and a training left, and their tasks."""
    made = Deployable(storage)
    log = made.paths.train_log
    shutil.copytree(trained.dataset, log(DATASET))
    log(TRAINING).mkdir()
    shutil.copyfile(trained.weights.path, log(TRAINING) / "model.pt")
    old = trained.evaluation.old
    assert old is not None
    known = replace(trained.evaluation, old=replace(old, label=f"{NAME}@1"))
    write_evaluation(log(TRAINING) / "evaluation.json", known)
    with toolbox(storage) as tools:
        publish_present(tools, CLASSES)
    prepare(f"sqlite:///{made.database_file}", REPOSITORY / "migrations").close()
    with closing(made.opened()) as database:
        note_phases(database)
    return made


def note_phases(database: Database) -> None:
    """The labelling and the training, as if they had ended there."""
    labelled = LabelingOptions(AnalysisOptions(model=f"{NAME}@1"), 40)
    with database.begin() as unit:
        unit.tasks.add(_succeeded(DATASET, "labeling", labelled))
        unit.tasks.add(_succeeded(TRAINING, "training", TrainingOptions(DATASET, f"{NAME}@1")))


def _succeeded(task_id: str, pipeline: str, options: Options) -> TaskRow:
    now = datetime.now(UTC)
    return TaskRow(
        id=task_id, owner=OWNER, pipeline=pipeline, source="", state=TaskState.SUCCEEDED,
        options=orjson.loads(orjson.dumps(asdict(options))), request_digest="0" * 64,
        correlation_id=task_id, created_at=now, started_at=now, ended_at=now,
    )  # fmt: skip
