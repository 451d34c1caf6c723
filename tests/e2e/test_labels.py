"""From a video to a dataset: people are asked, labels come back, and nothing is trained on what is
kept for measuring.
"""

import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from demo.oracle import label_folder
from demo.scene import CameraFiles, generate
from shared.labels.split_file import read_split
from shared.labels.yolo import read_yolo
from tests.support.grounds import Ground, Service

pytestmark = pytest.mark.slow

WANTED = 24
_SECONDS = 300.0


@pytest.fixture(scope="module")
def camera(tmp_path_factory: pytest.TempPathFactory) -> CameraFiles:
    """Twelve seconds of a room."""
    folder = tmp_path_factory.mktemp("room") / "scene"
    return generate(folder, seed=3, seconds=12, cameras=1).cameras[0]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Where people label; a change in it is seen within a second."""
    place = tmp_path / "labelling"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRACKLOOP_LABELING_URL", place.as_uri().replace("file:", "folder:"))
        patch.setenv("TRACKLOOP_LABELING_POLL_SECONDS", "1")
        yield place


def _labelling(service: Service, video: Path, **options: object) -> str:
    """The task that waits for labels of an analysed video."""
    with service.client() as client:
        task = client.submit(video, {"overlay": False, **options})
        assert client.wait(task, timeout=_SECONDS)["state"] == "succeeded"
    _until(service, task, "waiting_for_labels")
    with service.client() as client:
        return client.labeling(task)["task_id"]


def _until(service: Service, task: str, *states: str) -> dict[str, Any]:
    end = time.monotonic() + _SECONDS
    with service.client() as client:
        while True:
            loop = client.status(task)["loop"]
            if loop and loop[-1]["state"] in states:
                return dict(loop[-1])
            assert not loop or loop[-1]["state"] != "failed", loop[-1]["error"]
            assert time.monotonic() < end, loop
            time.sleep(0.2)


def test_labels_become_a_dataset(
    ground: Ground, camera: CameraFiles, folder: Path, tmp_path: Path
) -> None:
    with ground.running() as service:
        task = _labelling(service, camera.video, loop="label", num_frames=WANTED, project="pets")
        shown = service.trackloop("labels", "show", task)
        assert f"pets - {task}" in shown.output
        assert f"0 of {WANTED}" in shown.output
        said = label_folder(folder / task, camera)
        assert len(said.pictures) == WANTED
        assert service.trackloop("labels", "confirm", task).code == 0
        with service.client() as client:
            ended = client.wait(task, timeout=_SECONDS)
            assert ended["state"] == "succeeded", ended["error"]
            names = [each["name"] for each in client.results(task)]
            for name in names:
                client.download(task, name, tmp_path / "got" / name)
    dataset = tmp_path / "got" / "dataset"
    split = read_split(dataset / "train_test_split.txt")
    assert len(split.train) + len(split.test) == WANTED
    assert split.test
    (dataset / "data.yaml").rename(dataset / "data" / "data.yaml")
    kept = {each.name: each for each in read_yolo(dataset / "data").pictures}
    for picture in said.pictures:
        there = kept[picture.name]
        assert [box.class_id for box in there.boxes] == [box.class_id for box in picture.boxes]
        for box, meant in zip(there.boxes, picture.boxes, strict=True):
            assert box.xyxy == pytest.approx(meant.xyxy, abs=0.01)
            assert box.track_id == meant.track_id
    report = orjson.loads((dataset / "report.json").read_bytes())
    assert report["labels"]["pictures"] == WANTED


def test_a_task_waits_for_people_through_a_crash(
    ground: Ground, camera: CameraFiles, folder: Path
) -> None:
    with ground.running() as service:
        task = _labelling(service, camera.video, loop="label", num_frames=WANTED)
        label_folder(folder / task, camera)
        service.process.send_signal(signal.SIGKILL)
        service.process.wait()
    (folder / task / "CONFIRMED").touch()
    with ground.running() as service, service.client() as client:
        ended = client.wait(task, timeout=_SECONDS)
        assert ended["state"] == "succeeded", ended["error"]
        asked = httpx.get(
            f"{service.url}/tasks/{task}/timeline", headers={"x-api-key": service.key},
            trust_env=False,
        )  # fmt: skip
    events = [entry["name"] for entry in asked.json()["entries"]]
    assert events.count("labeling.requested.v1") == 1
    assert events.count("dataset.prepared.v1") == 1


def test_erasing_the_video_erases_what_people_were_shown(
    ground: Ground, camera: CameraFiles, folder: Path
) -> None:
    with ground.running() as service, service.client() as client:
        task = _labelling(service, camera.video, loop="label", num_frames=WANTED)
        analysis = client.labeling(task)["analysed_task_id"]
        assert analysis is not None
        assert (folder / task / "images").is_dir()
        client.erase(analysis)
        end = time.monotonic() + 60
        while (folder / task).exists() or any(task in name for name in ground.kept()):
            assert time.monotonic() < end, "pictures of people are still there"
            time.sleep(0.2)


def test_too_few_labels_are_a_stated_reason(
    ground: Ground, camera: CameraFiles, folder: Path
) -> None:
    with ground.running() as service, service.client() as client:
        task = _labelling(service, camera.video, loop="label", num_frames=3)
        client.confirm_labels(task)
        ended = client.wait(task, timeout=_SECONDS)
    assert ended["state"] == "failed"
    assert ended["error"] is not None
    assert (ended["error"]["step"], ended["error"]["code"]) == ("prepare_dataset", "too_few_labels")
