"""A trained model that waits to be deployed: what its training and its dataset left."""

import shutil
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path

import cv2
import numpy as np

from model_deployer.pipeline import DEPLOYMENT
from model_deployer.places import Deployment
from shared.domain.label import LabelledBox, LabelledPicture, Labels
from shared.domain.task import DeploymentOptions, Task
from shared.evaluation.record import Evaluation, write_evaluation
from shared.events.envelope import EventData
from shared.inference.models import Model
from shared.inference.publish_model import publish_model
from shared.labels.split_file import read_split
from shared.labels.yolo import read_yolo
from shared.pipeline.step import Finished, Output, Step
from shared.pipeline.tools import Tools
from shared.storage.files import artefact
from shared.storage.paths import Paths
from tests.support.tiny_models import TinyModel

DATASET, TRAINING = "dataset-task", "training-task"
NAME = "colours"


def deployment(task_id: str = "deployment-task", model: str = f"{NAME}@1",
               forced_by: str | None = None) -> Deployment:  # fmt: skip
    options = DeploymentOptions(TRAINING, DATASET, model, forced_by)
    return Task(task_id, "", options, TRAINING)


def publish_present(tools: Tools, classes: tuple[str, ...], content: bytes = b"present") -> Model:
    """A model that serves; nobody runs it."""
    manifest = TinyModel(classes=len(classes)).manifest(sha256(content).hexdigest())
    return publish_model(tools.models, content, replace(manifest, name=NAME, classes=classes))


def leave_evaluation(paths: Paths, evaluation: Evaluation) -> None:
    write_evaluation(paths.train_log(TRAINING) / "evaluation.json", evaluation)


def held_out_labels(dataset: Path) -> Labels:
    """Of the pictures that a dataset keeps for measuring."""
    (dataset / "data" / "data.yaml").write_bytes((dataset / "data.yaml").read_bytes())
    labels = read_yolo(dataset / "data")
    (dataset / "data" / "data.yaml").unlink()
    held = read_split(dataset / "train_test_split.txt").test
    return replace(labels, pictures=[each for each in labels.pictures if each.name in held])


def noise_pictures(folder: Path, count: int, side: int = 96) -> Labels:
    """Pictures of noise in `folder`, each with one labelled box."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(5)
    for number in range(count):
        pixels = random.integers(0, 256, (side, side, 3), np.uint8)
        cv2.imwrite(str(folder / f"{number}.jpg"), pixels)
    box = LabelledBox(0, (10.0, 10.0, 60.0, 60.0))
    pictures = [LabelledPicture(f"{n}.jpg", (side, side), (box,)) for n in range(count)]
    return Labels(("a", "b", "c"), pictures)


@dataclass
class Apart:
    """Runs steps as a worker does whose storage is elsewhere: each sees what it needs alone.

    Attributes:
        told: the events of the steps that were run, in order.
        outputs: of each step, by name.
    """

    tools: Tools
    task: Deployment
    work: Path
    told: list[EventData] = field(default_factory=list)
    outputs: dict[str, Output] = field(default_factory=dict)

    def run(self, *names: str) -> None:
        """The steps of these names, or all of them, in their order."""
        for step in DEPLOYMENT:
            assert isinstance(step, Step)
            if not names or step.name in names:
                self._run(step)

    def _run(self, step: Step) -> None:
        place = self.work / f"{step.name}-{len(self.told)}-{len(self.outputs)}"
        for name, file in self._files().items():
            if step.needs_file(name):
                target = place / file.relative_to(self.tools.paths.root)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, target)
        apart = replace(self.tools, paths=Paths(place, private=True))
        self.outputs[step.name] = step.run(apart, self.task)
        left = step.leaves(apart, self.task)
        if step.announces is not None:
            artefacts = [artefact(file, name) for name, file in left.items()]
            self.told.append(step.announces(apart, self.task, Finished("ada", artefacts)))
        for file in left.values():
            target = self.tools.paths.root / file.relative_to(place)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
        shutil.rmtree(place, ignore_errors=True)

    def _files(self) -> dict[str, Path]:
        """What the tasks left, by name."""
        paths = self.tools.paths
        dataset = paths.train_log(DATASET)
        named = {f"dataset/{each.relative_to(dataset).as_posix()}": each for each in _in(dataset)}
        for task_id in (TRAINING, self.task.id):
            named |= {each.name: each for each in _in(paths.train_log(task_id))}
        return named


def _in(folder: Path) -> list[Path]:
    return sorted(each for each in folder.rglob("*") if each.is_file())
