"""A storage that holds real models."""

from pathlib import Path

import pytest

from shared.inference.add_model import add_model
from shared.inference.add_request import AddRequest
from shared.inference.models import ModelStore
from shared.settings import Settings
from shared.storage.paths import Paths


@pytest.fixture(scope="session")
def storage(tmp_path_factory: pytest.TempPathFactory, test_data: Path) -> Path:
    """A storage folder with yolo11n and yolox_nano (COCO)."""
    root = tmp_path_factory.mktemp("real") / "storage"
    store = ModelStore(bundled=Settings().model_repository, own=Paths(root).models())
    yolo = add_model(
        store,
        test_data / "models/yolo11n_coco_320_int8.onnx",
        AddRequest(name="yolo11n"),
        max_bytes=10**9,
    )
    add_model(
        store,
        test_data / "models/yolox_nano_coco_416.onnx",
        AddRequest(name="yolox_nano", classes=yolo.manifest.classes),
        max_bytes=10**9,
    )
    return root
