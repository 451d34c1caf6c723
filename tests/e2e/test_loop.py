"""The whole loop: a weak model analyses, people label, a better one is trained, goes live and
analyses again; killed in the middle of an epoch, on one process with a folder and on servers with
a Label Studio and a Triton.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from api_gateway.client import Client
from demo.scene import CameraFiles, generate
from demo.subjects import CLASSES
from demo.weak_detector import write_weak_detector
from demo.world import FPS
from shared.settings import Settings
from shared.tracking.metrics import score
from shared.tracking.mot_format import read_mot
from tests.support.grounds import Ground, GroundOn, Service, one_process
from tests.support.live_folder import files_in
from tests.support.loop_ground import Beside, beside_one_process, beside_servers
from tests.support.service import Up
from tests.support.true_labels import InFolder

pytestmark = pytest.mark.slow

NAME, PICTURES, SECONDS = "rooms", 40, 12
NOISE = 0.2
"""Beyond doubt worse than what a short training on 32 pictures brings."""
FIT = {
    "base": "scratch", "size": "atto", "image_size": 320, "rectangular": True, "mosaic": 0,
    "epochs": 30, "batch": 4, "patience": 0, "learning_rate": 0.004,
}  # fmt: skip
_SECONDS = 900.0
PHASES = ["labeling", "training", "deployment", "reanalysis"]


@dataclass(frozen=True)
class Went:
    """A loop that went through, and the service that still runs.

    Attributes:
        kept: epochs of the checkpoint when the service was killed, as metrics.json has them.
    """

    service: Service
    camera: CameraFiles
    root: str
    kept: list[dict[str, Any]]
    folder: Path

    def phase(self, pipeline: str) -> dict[str, Any]:
        """The first one of this pipeline."""
        with self.service.client() as client:
            loop = client.status(self.root)["loop"]
        return dict(next(phase for phase in loop if phase["pipeline"] == pipeline))

    def steps(self, task: str) -> dict[str, Any]:
        """What its steps found out, and how often they were started, by name."""
        with self.service.client() as client:
            return {step["name"]: step for step in client.status(task)["steps"]}

    def file(self, task: str, name: str) -> Path:
        """A file of a task."""
        target = self.folder / task / name
        with self.service.client() as client:
            client.download(task, name, target)
        return target

    def hota(self, task: str) -> float:
        """How good the tracks of a task are, 0 to 1."""
        found = read_mot(self.file(task, "mot.txt"))
        return score(read_mot(self.camera.truth), found, "all").hota


@pytest.fixture(scope="module")
def camera(tmp_path_factory: pytest.TempPathFactory) -> CameraFiles:
    """A room."""
    folder = tmp_path_factory.mktemp("room") / "scene"
    return generate(folder, seed=3, seconds=SECONDS, cameras=1).cameras[0]


@pytest.fixture(scope="module")
def beside(ground_on: GroundOn, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Beside]:
    """Whom the services find beside their ground."""
    made = beside_one_process if ground_on is one_process else beside_servers
    with made(tmp_path_factory.mktemp("beside")) as there:
        yield there


@pytest.fixture(scope="module")
def went(
    beside: Beside, shared_ground: Ground, camera: CameraFiles,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Went]:  # fmt: skip
    folder = tmp_path_factory.mktemp("got")
    with ExitStack() as stack:
        service = stack.enter_context(shared_ground.running())
        _add_weak_model(service, folder / "weak.onnx")
        wish = {"model": NAME, "loop": "full", "num_frames": PICTURES, "overlay": False}
        with service.client() as client:
            root = client.submit(camera.video, wish | {"training": FIT})
        asked = _until(service, lambda: _phase(service, root, "waiting_for_labels"))
        beside.people.label(asked, camera)
        if isinstance(beside.people, InFolder):
            with service.client() as client:
                client.confirm_labels(asked)
        _until(service, lambda: _in_mid_epoch(service, root))
        service = _killed(service, shared_ground, stack)
        beside.triton_started_anew()
        kept = _checkpoint(shared_ground)
        _until(service, lambda: _phase(service, root, "succeeded", pipeline="reanalysis"))
        yield Went(service, camera, root, kept, folder)


def _add_weak_model(service: Service, file: Path) -> None:
    bundled = Settings().model_repository / "pet_hotel" / "1" / "model.onnx"
    write_weak_detector(bundled, file, noise=NOISE)
    wish = ("--name", NAME, "--classes", ",".join(CLASSES))
    added = service.trackloop("models", "add", file, *wish)
    assert added.code == 0, added.output


def _phase(service: Service, root: str, state: str, pipeline: str = "labeling") -> str | None:
    """The id of this phase once it is in this state."""
    with service.client() as client:
        status = client.status(root)
    faults = [each["error"] for each in (status, *status["loop"]) if each["error"]]
    assert not faults, faults
    states = {phase["pipeline"]: phase for phase in status["loop"]}
    there = states.get(pipeline)
    return there["task_id"] if there is not None and there["state"] == state else None


def _last(client: Client, root: str, pipeline: str, after: str) -> str | None:
    """The id of the last phase, once it is of this pipeline and behind this task."""
    *before, last = client.status(root)["loop"]
    behind = after in [phase["task_id"] for phase in before]
    return last["task_id"] if behind and last["pipeline"] == pipeline else None


def _in_mid_epoch(service: Service, root: str) -> bool:
    """After two or more, before the last."""
    training = _phase(service, root, "running", "training")
    if training is None:
        return False
    with service.client() as client:
        now = client.status(training)["progress"]
    done = now["done"] if now is not None and now["step"] == "fit" else 0.0
    assert done < FIT["epochs"]
    return done > 2 and done % 1 > 0


def _killed(service: Service, ground: Ground, stack: ExitStack) -> Service:
    """Without a word to anybody, what trains is gone, and is started again."""
    if isinstance(service, Up):
        service.process.kill()
        service.process.wait()
        return stack.enter_context(ground.running())
    service.roles["worker"].kill()
    service.start("worker", "worker")
    return service


def _checkpoint(ground: Ground) -> list[dict[str, Any]]:
    """The epochs that a training on this ground has behind it."""
    (file,) = (each for each in files_in(ground.work()) if each.name == "checkpoint.json")
    epochs: list[dict[str, Any]] = orjson.loads(file.read_bytes())["epochs"]
    return epochs


def _until(service: Service, reached: Callable[[], Any]) -> Any:
    end = time.monotonic() + _SECONDS
    while not (found := reached()):
        assert time.monotonic() < end, service.said
        time.sleep(0.2)
    return found


def test_every_phase_comes_once_and_succeeds(went: Went) -> None:
    with went.service.client() as client:
        status = client.status(went.root)
    loop = [(phase["pipeline"], phase["state"]) for phase in status["loop"]]
    assert loop[: len(PHASES)] == [(phase, "succeeded") for phase in PHASES]
    names: list[str] = []
    for task in (went.root, *(went.phase(phase)["task_id"] for phase in PHASES)):
        asked = httpx.get(
            f"{went.service.url}/tasks/{task}/timeline", trust_env=False,
            headers={"x-api-key": went.service.key},
        )  # fmt: skip
        names += [each["name"] for each in asked.json()["entries"] if each["kind"] == "event"]
    once = (
        "labeling.requested.v1", "labeling.completed.v1", "dataset.prepared.v1",
        "model.training.completed.v1", "model.conversion.completed.v1", "model.judged.v1",
        "model.deployed.v1",
    )  # fmt: skip
    assert {name: names.count(name) for name in once} == dict.fromkeys(once, 1)


def test_a_training_that_was_killed_goes_on_at_its_last_epoch(went: Went) -> None:
    training = went.phase("training")["task_id"]
    written = orjson.loads(went.file(training, "metrics.json").read_bytes())["epochs"]
    assert len(went.kept) >= 2
    # Seconds are among them: no epoch that was behind it was trained again.
    assert written[: len(went.kept)] == went.kept
    assert [epoch["epoch"] for epoch in written] == list(range(1, int(FIT["epochs"]) + 1))  # type: ignore[call-overload]
    assert went.steps(training)["fit"]["attempt"] >= 2


def test_the_better_model_goes_live_and_tracks_better(went: Went) -> None:
    verdict = orjson.loads(
        went.file(went.phase("deployment")["task_id"], "verdict.json").read_bytes()
    )
    before, after = verdict["old"]["map50_95"], verdict["new"]["map50_95"]
    again = went.phase("reanalysis")["task_id"]
    with went.service.client() as client:
        used = (
            client.status(went.root)["options"]["model"],
            client.status(again)["options"]["model"],
        )
        versions = [int(each["version"]) for each in client.models() if each["name"] == NAME]
    assert used == (f"{NAME}@1", f"{NAME}@2")
    assert max(versions) == 2
    hota = went.hota(went.root), went.hota(again)
    print(  # noqa: T201
        f"mAP50-95 {before:.3f} → {after:.3f}, HOTA {hota[0]:.3f} → {hota[1]:.3f}"
    )
    assert verdict["accepted"]
    assert after > before
    assert hota[1] > hota[0]


@pytest.mark.parametrize("ground_on", ["servers"], indirect=True)
def test_triton_analyses_with_the_new_version(went: Went, beside: Beside) -> None:
    assert went.phase("reanalysis")["state"] == "succeeded"
    # Since it was started anew: the one before was measured, the new one has seen every frame.
    assert max(beside.served(NAME)) >= SECONDS * FPS


def test_a_worse_model_is_rejected_and_the_better_one_serves_on(went: Went) -> None:
    service = went.service
    with service.client() as client:
        training = client.train(went.phase("labeling")["task_id"], FIT | {"epochs": 1}, deploy=True)
        assert client.wait(training, timeout=_SECONDS)["state"] == "succeeded"
        deployment = _until(service, lambda: _last(client, went.root, "deployment", training))
        ended = client.wait(deployment, timeout=_SECONDS)
        asked_for = client.submit(went.camera.video, {"model": NAME, "overlay": False})
        assert client.status(asked_for)["options"]["model"] == f"{NAME}@2"
    assert ended["error"] is not None
    assert (ended["error"]["step"], ended["error"]["code"]) == ("gate", "model_rejected")
    assert f"{NAME}@2" in ended["error"]["message"]
