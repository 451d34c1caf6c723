"""Whatever runs a model, it finds in real frames what the in-process runtime finds."""

from dataclasses import dataclass
from pathlib import Path

import av
import pytest

from shared.domain.label import LabelledPicture, Labels
from shared.domain.model import ModelInput, ModelManifest
from shared.evaluation.agreement import agreement
from shared.evaluation.measure import measure
from shared.inference.adapters import open_runtime
from shared.inference.models import Model, model_store
from shared.settings import Settings
from shared.storage.files import sha256_of
from tests.support.triton_server import TritonServer

pytestmark = pytest.mark.slow

LEAST_SHARE = 0.999
FRAMES = 24


@dataclass(frozen=True)
class Seen:
    """Frames of a video as files, and the model to look at them with."""

    model: Model
    labels: Labels
    folder: Path


def _frames(video: Path, folder: Path, every: int) -> list[LabelledPicture]:
    pictures = []
    with av.open(str(video)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number % every == 0:
                name = f"{number:06d}.png"
                frame.to_image().save(folder / name)
                pictures.append(LabelledPicture(name, (frame.width, frame.height), ()))
            if len(pictures) == FRAMES:
                break
    return pictures


def _bundled(_: Path) -> Model:
    return model_store(Settings()).get("pet_hotel@1")


def _yolox(test_data: Path) -> Model:
    path = test_data / "models" / "yolox_nano_coco_416.onnx"
    manifest = ModelManifest(
        name="yolox", version="1", task="detect", classes=tuple(map(str, range(80))),
        decoding="grid", sha256=sha256_of(path),
        input=ModelInput("images", 416, 416, channels="BGR", scale=1.0),
    )  # fmt: skip
    return Model(manifest, path)


@pytest.fixture(params=["uint8 in a batch", "float alone"])
def seen(request: pytest.FixtureRequest, test_data: Path, tmp_path: Path) -> Seen:
    video, every, model = {
        "uint8 in a batch": ("cat.mp4", 5, _bundled),
        "float alone": ("vtest_480x360_10fps.avi", 20, _yolox),
    }[request.param]
    pictures = _frames(test_data / "video" / video, tmp_path, every)
    found = model(test_data)
    return Seen(found, Labels(found.manifest.classes, pictures), tmp_path)


def test_triton_finds_the_same_boxes(triton: TritonServer, seen: Seen) -> None:
    found = []
    for url in ("onnx://", triton.url):
        with open_runtime(url, seen.model, 2) as runtime:
            found.append(measure(runtime, seen.model.manifest, seen.labels, seen.folder))
    same = agreement(*found, iou=0.99, score=1e-3)
    assert same.compared >= FRAMES, "there is something to compare"
    assert same.share >= LEAST_SHARE, same
