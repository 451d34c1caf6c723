"""kill -9 of what deploys, at each of its steps: the next start ends the deployment, once."""

import os
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from model_deployer.pipeline import DEPLOYMENT
from shared.domain.step import StepState
from shared.pipeline.step import Step
from shared.training.environment import MODULE
from tests.support.deployable import TRAINING, Deployable, deployable
from tests.support.deploying import NAME
from tests.support.held_commit import held_commit, state_of, wait_for_hold
from tests.support.once import once
from tests.support.service import Up, until, up
from tests.support.trained_model import Trained

pytestmark = pytest.mark.slow

STEPS = [step.name for step in DEPLOYMENT if isinstance(step, Step)]
OLD, NEW = f"{NAME}@1", f"{NAME}@2"
LEFT = {
    "convert": "train_log/{task}/model.onnx", "verify": "train_log/{task}/verification.json",
    "compare": "train_log/{task}/verdict.json", "stage": "train_log/{task}/model.json",
    "activate": f"models/{NAME}/2/model.json",
}  # fmt: skip
"""What each step has done when only its commit is missing; the others only look."""
TASK = "task.txt"
SECONDS = 300.0
"""On an idle machine a few; a lost lease would take no longer than 20 more."""


@dataclass(frozen=True)
class Killed:
    """A deployment whose service died without a word."""

    place: Deployable
    task: str

    def copied(self, storage: Path) -> "Killed":
        """The same elsewhere."""
        return Killed(self.place.copied(storage), self.task)

    def state(self, step: str) -> str | None:
        return state_of(self.place.database_file, self.task, step)

    def serving(self) -> str:
        """What the model's name means, and can be loaded."""
        model = self.place.models.get(NAME)
        model.read()
        return model.manifest.label


@pytest.fixture(scope="module")
def killed_at(trained: Trained, folder_of_the_run: Path) -> Mapping[str, Killed]:
    """One deployment, killed at each step in turn with all of the step's work done and nothing
    committed; what each kill left.
    """
    folder = once(folder_of_the_run, "killed", lambda folder: _killed_in_turn(folder, trained))
    task = (folder / TASK).read_text()
    return {step: Killed(Deployable(folder / step), task) for step in STEPS}


def _killed_in_turn(folder: Path, trained: Trained) -> None:
    place, task = deployable(folder / "storage", trained), ""
    for step in STEPS:
        with held_commit(place.database_file, step), _running(place) as service:
            task = task or _deploy(service)
            wait_for_hold(place.database_file, task, step, lambda: service.said)
            _kill(service)
        place.copied(folder / step)
    (folder / TASK).write_text(task)


@pytest.mark.parametrize("step", STEPS)
def test_killed_with_its_work_done_and_not_committed(
    killed_at: Mapping[str, Killed], tmp_path: Path, step: str
) -> None:
    killed = killed_at[step].copied(tmp_path / "storage")
    assert killed.state(step) == StepState.RUNNING
    if step in LEFT:
        assert (killed.place.storage / LEFT[step].format(task=killed.task)).is_file()
    assert killed.serving() == (NEW if step == "activate" else OLD)
    _goes_on_and_ends_once(killed)


def test_killed_while_it_converts(trained: Trained, tmp_path: Path) -> None:
    place = deployable(tmp_path / "storage", trained)
    with _running(place) as service:
        killed = Killed(place, _deploy(service))
        until(lambda: bool(_trainers_of(service)), service.process)
        children = _trainers_of(service)
        _kill(service)
    assert killed.state("convert") == StepState.RUNNING
    assert psutil.wait_procs(children, timeout=30)[1] == []
    _goes_on_and_ends_once(killed)


def test_killed_in_the_middle_of_publishing(
    killed_at: Mapping[str, Killed], tmp_path: Path
) -> None:
    killed = killed_at["smoke"].copied(tmp_path / "storage")
    weights = killed.place.paths.train_log(TRAINING) / "model.pt"
    versions = killed.place.paths.models() / NAME
    with _read_once(weights), _running(killed.place) as service:
        # Its second reader finds nobody who writes: the version is half written, and stays so.
        until(lambda: any(versions.glob(".part-*/*/model.onnx")), service.process)
        _kill(service)
    assert killed.state("activate") == StepState.RUNNING
    assert any(versions.glob(".part-*"))
    assert killed.serving() == OLD
    _goes_on_and_ends_once(killed)


def _running(place: Deployable) -> AbstractContextManager[Up]:
    return up(place.storage, variables=place.variables)


def _deploy(service: Up) -> str:
    with service.client() as client:
        return client.deploy(TRAINING)


def _kill(service: Up) -> None:
    service.process.kill()
    service.process.wait(60)


def _trainers_of(service: Up) -> list[psutil.Process]:
    children = psutil.Process(service.process.pid).children(recursive=True)
    return [child for child in children if MODULE in child.cmdline()]


@contextmanager
def _read_once(file: Path) -> Iterator[None]:
    """Whoever opens the file first reads it; whoever is next waits for ever."""
    content = file.read_bytes()
    file.unlink()
    os.mkfifo(file)

    def write() -> None:
        with file.open("wb") as pipe:
            pipe.write(content)

    threading.Thread(target=write, daemon=True).start()
    yield
    file.unlink()
    file.write_bytes(content)


def _goes_on_and_ends_once(killed: Killed) -> None:
    seen: list[str] = []
    with _running(killed.place) as service, service.client() as client:
        end = time.monotonic() + SECONDS
        while (status := client.status(killed.task))["state"] not in {"succeeded", "failed"}:
            assert time.monotonic() < end, service.said
            seen.append(killed.serving())
            if seen[-1] == NEW:
                assert killed.state("activate") in {StepState.RUNNING, StepState.DONE}
            time.sleep(0.02)
    assert status["state"] == "succeeded", status["error"]
    assert {step["state"] for step in status["steps"]} == {"done"}
    # From one to the other, and never back.
    assert sorted(seen) == seen
    assert killed.serving() == NEW
    _published_once(killed)
    _told_once(killed)


def _published_once(killed: Killed) -> None:
    folder = killed.place.paths.models() / NAME
    assert sorted(each.name for each in folder.iterdir()) == ["1", "2"]
    for version in ("1", "2"):
        assert not list((folder / version).glob(".*"))
    manifest = killed.place.models.get(NEW).manifest
    assert manifest.metrics["deployed_by"] == killed.task
    assert manifest.metrics["replaced"] == OLD


def _told_once(killed: Killed) -> None:
    database = killed.place.opened()
    with database.read() as unit:
        events = Counter(
            (row.topic, row.body["data"].get("step"))
            for row in unit.outbox.about(killed.task)
            if row.kind == "event"
        )
        files = Counter(row.name for row in unit.artefacts.of(killed.task))
    database.close()
    expected = {"model.conversion.completed.v1", "model.judged.v1", "model.deployed.v1"}
    assert expected <= {topic for topic, _ in events}
    assert {*events.values()} == {1}, events
    assert {*files.values()} == {1}
