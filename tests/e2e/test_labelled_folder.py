"""Pictures from elsewhere, with no analysis: from an owner's area to people and to a model."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import orjson
import pytest

from api_gateway.client import Client
from shared.domain.label import Labels
from shared.labels.held_out import picture_held_out
from shared.labels.split_file import read_split
from shared.labels.yolo import write_yolo
from shared.storage.files import sha256_of
from tests.support.grounds import Ground, Service
from tests.support.labelled_scene import labelled_scene
from tests.support.training_sets import train_python

pytestmark = pytest.mark.slow

PICTURES = 30
FIT = {
    "base": "scratch", "size": "atto", "image_size": 160, "rectangular": True, "mosaic": 0,
    "epochs": 2, "batch": 8, "patience": 0,
}  # fmt: skip
_SECONDS = 600.0


@pytest.fixture
def people(tmp_path: Path) -> Iterator[Path]:
    """Where people label, and where pictures come from."""
    place = tmp_path / "labelling"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRACKLOOP_LABELING_URL", place.as_uri().replace("file:", "folder:"))
        patch.setenv("TRACKLOOP_LABELING_POLL_SECONDS", "1")
        patch.setenv("TRACKLOOP_ALLOWED_FOLDERS", orjson.dumps([str(tmp_path / "from")]).decode())
        patch.setenv("TRACKLOOP_TRAIN_PYTHON", str(train_python()))
        patch.setenv("TRACKLOOP_THREADS", "1")
        yield place


def test_a_folder_of_pictures_becomes_a_dataset_and_a_model(
    ground: Ground, people: Path, tmp_path: Path
) -> None:
    truth = labelled_scene(tmp_path / "from", seed=4, pictures=PICTURES)
    with ground.running() as service, service.client() as client:
        _bring(service, tmp_path / "from")
        asked = client.ask_for_labels(folder="visits", project="pets")
        _until(client, asked, "waiting_for_labels")
        view = client.labeling(asked)
        assert (view["total"], view["analysed_task_id"]) == (PICTURES, None)
        proposed = client.results(asked)
        assert "labels/proposals.json" in {each["name"] for each in proposed}
        assert (people / asked / "labels").is_dir(), "the model's boxes lie beside the pictures"
        _label(people / asked, truth)
        client.confirm_labels(asked)
        ended = client.wait(asked, timeout=_SECONDS)
        assert ended["state"] == "succeeded", ended["error"]
        _check_division(client, asked, tmp_path)
        training = client.train(asked, FIT)
        trained = client.wait(training, timeout=_SECONDS)
        assert trained["state"] == "succeeded", trained["error"]
        evaluation = client.training(asked)["evaluation"]
        assert evaluation["pictures"] > 0
        client.erase(asked)
        _gone(ground, asked, people)


def _bring(service: Service, folder: Path) -> None:
    headers = {"x-api-key": service.key}
    for file in sorted(folder.iterdir()):
        body = {"file_path": str(file), "upload_path": f"visits/{file.name}"}
        answer = httpx.post(
            f"{service.url}/video/upload", json=body, headers=headers, timeout=60, trust_env=False
        )
        assert answer.status_code == 200, answer.text


def _until(client: Client, task: str, state: str) -> None:
    end = time.monotonic() + _SECONDS
    while (status := client.status(task))["state"] != state:
        assert status["state"] in {"queued", "running"}, status["error"]
        assert time.monotonic() < end, status
        time.sleep(0.2)


def _label(folder: Path, truth: Labels) -> None:
    """Pictures keep the order of their names in the area."""
    names = sorted(file.name for file in (folder / "images").iterdir())
    assert len(names) == PICTURES
    meant = sorted(truth.pictures, key=lambda each: each.name)
    said = [replace(each, name=name) for name, each in zip(names, meant, strict=True)]
    write_yolo(Labels(truth.classes, said), folder)


def _check_division(client: Client, task: str, folder: Path) -> None:
    target = folder / "got"
    for name in ("dataset/train_test_split.txt", "labels/proposals.json"):
        client.download(task, name, target / name)
    split = read_split(target / "dataset" / "train_test_split.txt")
    known = orjson.loads((target / "labels" / "proposals.json").read_bytes())
    names = [picture["name"] for picture in known["labels"]["pictures"]]
    held = set()
    for name, origin in zip(names, known["origins"], strict=True):
        file = folder / "from" / Path(origin["path"]).name
        assert origin["sha256"] == sha256_of(file)
        held |= {name} if picture_held_out(origin["sha256"]) else set()
    assert set(split.test) == held
    assert set(split.train) == set(names) - held - set(known["set_aside"])


def _gone(ground: Ground, task: str, people: Path) -> None:
    end = time.monotonic() + 60
    while (people / task).exists() or any(task in name for name in ground.kept()):
        assert time.monotonic() < end, "pictures of people are still there"
        time.sleep(0.2)
    assert any("areas/" in name for name in ground.kept()), "the area is its owner's"
