"""Files that are not what was published are found, named, and told what to do about."""

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from shared.inference.drift import drifts
from shared.inference.models import ModelStore
from shared.inference.publish_model import publish_model
from tests.support.command import run
from tests.support.tiny_models import TinyModel


def _storage(tmp_path: Path) -> tuple[Path, ModelStore]:
    storage = tmp_path / "storage"
    store = ModelStore(tmp_path / "bundled", storage / "models")
    weights = tmp_path / "model.pt"
    weights.write_bytes(b"weights")
    for content in (b"first", b"second"):
        manifest = TinyModel().manifest(sha256(content).hexdigest())
        with_weights = replace(manifest, weights_sha256=sha256(b"weights").hexdigest())
        publish_model(store, content, with_weights, weights)
    return storage, store


@pytest.mark.parametrize("name", ["model.onnx", "model.pt"])
def test_one_changed_byte_is_seen(tmp_path: Path, name: str) -> None:
    _, store = _storage(tmp_path)
    assert list(drifts(store.list())) == []
    file = store.own / "tiny" / "2" / name
    file.write_bytes(file.read_bytes()[:-1] + b"!")
    (found,) = drifts(store.list())
    assert (found.label, found.file) == ("tiny@2", file)
    assert sha256(file.read_bytes()).hexdigest() in found.message
    assert "trackloop models rollback tiny" in found.message
    assert "deploy its training again" in found.message


def test_a_missing_file_is_seen(tmp_path: Path) -> None:
    _, store = _storage(tmp_path)
    (store.own / "tiny" / "1" / "model.pt").unlink()
    (found,) = drifts(store.list())
    assert (found.label, found.fault) == ("tiny@1", "is missing")


def test_the_commands_say_so_until_it_is_rolled_back_or_restored(tmp_path: Path) -> None:
    storage, store = _storage(tmp_path)
    checked = run(storage, "models", "check", "tiny")
    assert (checked.code, checked.output) == (0, "2 versions are as they were published\n")
    file = store.own / "tiny" / "2" / "model.onnx"
    file.write_bytes(b"another")
    checked = run(storage, "models", "check")
    assert checked.code == 1
    assert f"tiny@2: {file} has changed" in checked.output
    doctor = run(storage, "doctor", variables={"COLUMNS": "1000"})
    assert doctor.code == 1
    assert f"tiny@2: {file} has changed" in doctor.output
    assert "rollback tiny" in doctor.output
    assert run(storage, "models", "check", "tiny@1").code == 0
    assert run(storage, "models", "rollback", "tiny").code == 0
    assert run(storage, "models", "check", "tiny@3").code == 0
    file.write_bytes(b"second")
    assert run(storage, "models", "check").code == 0
