"""kill -9 of the worker that deploys, at each of its steps, on servers and with a real Triton: the
next worker ends the deployment, once.
"""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from model_deployer.pipeline import DEPLOYMENT
from shared.db.database import Database
from shared.domain.step import StepState
from shared.pipeline.step import Step
from tests.support.deployable import TRAINING, Deployable, deployable, note_phases
from tests.support.deploying import NAME
from tests.support.deployment import Deployment, deployed
from tests.support.grounds import StandingServers
from tests.support.held_on_postgres import held_on_postgres
from tests.support.told_once import nothing_twice
from tests.support.trained_model import Trained
from tests.support.triton_server import TritonServer, triton_server

pytestmark = pytest.mark.slow

STEPS = [step.name for step in DEPLOYMENT if isinstance(step, Step)]
OLD, NEW = f"{NAME}@1", f"{NAME}@2"
WORKER = ("worker", "--queues", "deployment", "--concurrency", "1")


@dataclass(frozen=True)
class Place:
    """Where it happens.

    Attributes:
        files: the storage, a folder that all hosts share.
    """

    files: Deployable
    url: str
    service: Deployment
    triton: TritonServer

    def state(self, task: str, step: str) -> str | None:
        """What was committed last."""
        with closing(Database(self.url)) as database, database.read() as unit:
            return next((row.state for row in unit.steps.of(task) if row.name == step), None)

    def serving(self) -> str:
        """What the model's name means, and can be loaded."""
        model = self.files.models.get(NAME)
        model.read()
        return model.manifest.label

    def loaded(self) -> int:
        """Models of this name that Triton answers for."""
        with self.triton.client() as client:
            return sum(
                each.name.startswith(f"{NAME}-") and each.state == "READY"
                for each in client.get_model_repository_index().models
            )


@pytest.fixture
def place(on_servers: StandingServers, trained: Trained, tmp_path: Path) -> Iterator[Place]:
    files = deployable(tmp_path / "storage", trained)
    (tmp_path / "triton").mkdir()
    with (
        on_servers.fresh(tmp_path) as variables,
        triton_server(tmp_path / "triton") as triton,
    ):
        url = variables["TRACKLOOP_DATABASE_URL"]
        with closing(Database(url)) as database:
            note_phases(database)
        given = (
            variables
            | files.variables
            | {
                "TRACKLOOP_STORAGE_URL": files.storage.as_uri(),
                "TRACKLOOP_INFERENCE_URL": triton.url,
            }
        )
        with deployed(files.storage, given, workers={}, upgraded=True) as service:
            yield Place(files, url, service, triton)


@pytest.mark.timeout(900)
def test_killed_at_each_step_with_its_work_done_and_not_committed(place: Place) -> None:
    with place.service.client() as client:
        task = client.deploy(TRAINING)
        for number, step in enumerate(STEPS):
            with held_on_postgres(place.url, step) as held:
                place.service.start(f"worker-{number}", *WORKER)
                held.wait()
                place.service.roles[f"worker-{number}"].kill()
                assert place.state(task, step) == StepState.RUNNING
                assert place.serving() == (NEW if step == "activate" else OLD)
        place.service.start("worker", *WORKER)
        status = client.wait(task, timeout=120)
    assert status["state"] == "succeeded", status["error"]
    assert {step["name"]: step["attempt"] for step in status["steps"]} == dict.fromkeys(STEPS, 2)
    assert place.serving() == NEW
    versions = place.files.paths.models() / NAME
    assert sorted(each.name for each in versions.iterdir()) == ["1", "2"]
    assert place.loaded() >= 1
    nothing_twice(place.url, task)
