"""Finding models, and manifests that are refused."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from shared.domain.model import ModelManifest
from shared.errors import ModelError, TrackloopError
from shared.inference.models import ModelStore
from shared.storage.documents import to_json
from tests.support.tiny_models import TinyModel

MANIFEST = TinyModel().manifest()


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "bundled", tmp_path / "own")


def put(root: Path, name: str, version: str, *, shared_manifest: bool = False) -> Path:
    """Write a model whose file holds nothing worth running; give its manifest's path."""
    folder = root / name / version
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(b"")
    document = (folder.parent if shared_manifest else folder) / "model.json"
    document.write_bytes(to_json(replace(MANIFEST, name=name, version=version)))
    return document


def refused(store: ModelStore, label: str) -> TrackloopError:
    with pytest.raises(TrackloopError) as refusal:
        store.get(label)
    return refusal.value


def test_a_name_gives_the_highest_version_by_number(store: ModelStore) -> None:
    for version in ("2", "10", "9"):
        put(store.own, "pets", version)
    put(store.bundled, "pets", "1", shared_manifest=True)
    assert store.get("pets").manifest.label == "pets@10"
    assert store.get("pets@1").path == store.bundled / "pets/1/model.onnx"
    assert store.versions("pets") == (1, 2, 9, 10)
    labels = [model.manifest.label for model in store.list()]
    assert labels == ["pets@1", "pets@2", "pets@9", "pets@10"]


def test_an_empty_store_says_so(store: ModelStore) -> None:
    assert store.list() == []
    assert store.versions("pets") == ()
    assert "known models: none" in refused(store, "pets").message


@pytest.mark.parametrize(
    "label", ["cats", "pets@2", "pets@", "pets@01", "pets@latest", "../own/pets", "", "Pets", ".."]
)
def test_unknown_labels_list_the_known_ones(store: ModelStore, label: str) -> None:
    put(store.own, "pets", "1")
    error = refused(store, label)
    assert error.code == "unknown_model"
    assert "pets@1" in error.message


def test_other_things_in_the_folders_are_not_models(store: ModelStore) -> None:
    put(store.own, "pets", "1")
    (store.own / "pets" / ".part-x").mkdir()
    (store.own / "pets" / "2").mkdir()
    (store.own / "Not a Name").mkdir()
    (store.own / "notes.txt").write_text("")
    assert [model.manifest.label for model in store.list()] == ["pets@1"]


def test_an_own_model_may_not_take_a_bundled_label(store: ModelStore) -> None:
    put(store.bundled, "pets", "1", shared_manifest=True)
    put(store.own, "pets", "1")
    error = refused(store, "pets@1")
    assert error.code == "duplicate_model"
    assert str(store.own / "pets/1") in error.message


Change = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda m: m.pop("classes"), "classes"),
        (lambda m: m.update(classes=[]), "classes"),
        (lambda m: m.update(decoding="yolo"), "decoding"),
        (lambda m: m.update(sha256="abc"), "sha256"),
        (lambda m: m.update(weights_sha256="abc"), "weights_sha256"),
        (lambda m: m.update(name="cats"), "name"),
        (lambda m: m.update(name="../pets"), "name"),
        (lambda m: m.update(version="2"), "version"),
        (lambda m: m.update(version="v1"), "version"),
        (lambda m: m.update(task="reid"), "embedding_size"),
        (lambda m: m["input"].update(height="tall"), "input.height"),
        (lambda m: m["input"].update(width=0), "input.width"),
        (lambda m: m["input"].update(max_batch=0), "input.max_batch"),
        (lambda m: m["input"].update(std=[1, 0, 1]), "std"),
        (lambda m: m["input"].update(scale=0), "scale"),
        (lambda m: m["thresholds"].update(iou=1.5), "thresholds.iou"),
    ],
)
def test_broken_manifests_name_the_file_and_the_field(
    store: ModelStore, change: Change, field: str
) -> None:
    document = put(store.own, "pets", "1")
    content = orjson.loads(document.read_bytes())
    change(content)
    document.write_bytes(orjson.dumps(content))
    error = refused(store, "pets")
    assert error.code == "bad_manifest"
    assert str(document) in error.message
    assert field in error.message


def test_a_manifest_that_is_no_json_is_named(store: ModelStore) -> None:
    document = put(store.own, "pets", "1")
    document.write_text("{")
    assert str(document) in refused(store, "pets").message


def test_a_broken_manifest_does_not_hide_other_models(store: ModelStore) -> None:
    put(store.own, "pets", "1")
    put(store.own, "cats", "1").write_text("{")
    assert store.get("pets").manifest.name == "pets"


def test_the_file_must_be_there_and_be_the_one_described(store: ModelStore, tmp_path: Path) -> None:
    model = TinyModel().in_folder(tmp_path)
    assert model.read() == model.path.read_bytes()
    model.path.write_bytes(b"other")
    with pytest.raises(ModelError) as changed:
        model.read()
    assert changed.value.code == "model_changed"
    model.path.unlink()
    with pytest.raises(ModelError) as missing:
        model.read()
    assert missing.value.code == "model_missing"


def test_a_manifest_reads_back_as_it_was_written(store: ModelStore) -> None:
    put(store.own, "tiny", "1")
    read: ModelManifest = store.get("tiny").manifest
    assert read == MANIFEST


def test_a_manifest_of_before_there_were_weights_still_reads(store: ModelStore) -> None:
    document = put(store.own, "tiny", "1")
    content = orjson.loads(document.read_bytes())
    del content["weights_sha256"]
    document.write_bytes(orjson.dumps(content))
    model = store.get("tiny")
    assert (model.manifest, model.weights) == (MANIFEST, None)
