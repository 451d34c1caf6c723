"""Own models of a bucket: added on one host, found on every other, never changed."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from shared.errors import ConflictError, InvalidInputError
from shared.inference.models import Model, ModelStore, model_store
from shared.inference.prune import prune_versions
from shared.inference.publish_model import publish_model
from shared.inference.roll_back import roll_back
from shared.storage.adapters import open_storage
from tests.support.deployed_versions import deploy_versions
from tests.support.s3_server import S3Server, s3_settings
from tests.support.tiny_models import TinyModel


def _store(url: str, cache: Path) -> ModelStore:
    return model_store(s3_settings(url, cache))


def _publish(store: ModelStore, content: bytes = b"model") -> Model:
    return publish_model(store, content, TinyModel().manifest(sha256(content).hexdigest()))


def test_a_model_that_one_host_adds_is_found_by_the_others(url: str, tmp_path: Path) -> None:
    here, there = _store(url, tmp_path / "here"), _store(url, tmp_path / "there")
    with pytest.raises(InvalidInputError):
        there.get("tiny")
    assert _publish(here).manifest.label == "tiny@1"
    assert there.get("tiny").read() == b"model"
    assert _publish(there, b"better").manifest.label == "tiny@2"
    assert here.get("tiny@2").read() == b"better"
    assert here.get("tiny").manifest.label == "tiny@2"
    assert {"tiny@1", "tiny@2"} <= {model.manifest.label for model in here.list()}


def test_a_known_version_is_found_without_the_bucket(
    url: str, tmp_path: Path, server: S3Server
) -> None:
    _publish(_store(url, tmp_path / "here"))
    nowhere = url.replace(server.endpoint.rpartition(":")[2], "9")
    assert nowhere != url
    assert _store(nowhere, tmp_path / "here").get("tiny@1").read() == b"model"


def test_hosts_that_add_at_once_get_versions_of_their_own(url: str, tmp_path: Path) -> None:
    contents = [f"model {n}".encode() for n in range(5)]

    def add(content: bytes) -> Model:
        return _publish(_store(url, tmp_path / content.decode()), content)

    with ThreadPoolExecutor(len(contents)) as pool:
        added = list(pool.map(add, contents))
    assert {model.manifest.version for model in added} == set("12345")
    other = _store(url, tmp_path / "other")
    for model, content in zip(added, contents, strict=True):
        assert model.read() == other.get(model.manifest.label).read() == content


def test_a_model_whose_manifest_never_came_is_no_model(url: str, tmp_path: Path) -> None:
    (tmp_path / "half").write_bytes(b"half")
    storage = open_storage(s3_settings(url, tmp_path))
    storage.send(tmp_path / "half", "models/tiny/1/model.onnx")
    store = _store(url, tmp_path / "here")
    with pytest.raises(InvalidInputError):
        store.get("tiny@1")
    added = _publish(store)
    assert added.manifest == replace(added.manifest, version="2")
    assert b"".join(storage.read("models/tiny/1/model.onnx")) == b"half"


def test_weights_travel_with_their_model(url: str, tmp_path: Path) -> None:
    weights = tmp_path / "trained.pt"
    weights.write_bytes(b"weights")
    digest = sha256(b"weights").hexdigest()
    manifest = replace(TinyModel().manifest(sha256(b"model").hexdigest()), weights_sha256=digest)
    here, there = _store(url, tmp_path / "here"), _store(url, tmp_path / "there")
    for model in (publish_model(here, b"model", manifest, weights), there.get("tiny@1")):
        assert model.weights is not None
        assert model.weights.read_bytes() == b"weights"
        assert model.manifest.weights_sha256 == digest
    assert _publish(there, b"better").weights is None
    assert roll_back(here, "tiny").manifest.label == "tiny@3"
    back = there.get("tiny")
    assert (back.manifest.label, back.read()) == ("tiny@3", b"model")
    assert back.weights is not None
    assert back.weights.read_bytes() == b"weights"


def test_what_one_host_prunes_is_gone_on_all_of_them(url: str, tmp_path: Path) -> None:
    here, there = _store(url, tmp_path / "here"), _store(url, tmp_path / "there")
    deploy_versions(here, 4)
    assert there.get("tiny").manifest.label == "tiny@4"
    assert prune_versions(here, 1, lambda: ()) == ["tiny@1", "tiny@2"]
    left = open_storage(s3_settings(url, tmp_path)).list("models/tiny/1/")
    assert sorted(found.key for found in left) == [
        "models/tiny/1/model.json", "models/tiny/1/pruned.json",
    ]  # fmt: skip
    late = _store(url, tmp_path / "late")
    for store in (here, there, late):
        assert [each.pruned for each in store.list() if each.manifest.name == "tiny"] == [
            True, True, False, False,
        ]  # fmt: skip
        assert not list((store.own / "tiny" / "1").glob("model.[op]*"))
        with pytest.raises(ConflictError, match="tiny@1 was deleted"):
            store.get("tiny@1")
        assert store.get("tiny@3").read() == b"tiny 3"
    assert prune_versions(there, 1, lambda: ()) == []
    deploy_versions(late, 1)
    assert here.get("tiny").manifest.label == "tiny@5"


def test_a_mark_that_is_taken_back_is_so_on_all_hosts(url: str, tmp_path: Path) -> None:
    here, there = _store(url, tmp_path / "here"), _store(url, tmp_path / "there")
    deploy_versions(here, 3)

    def seen_in_between() -> tuple[str, ...]:
        assert there.known("tiny").manifest.label == "tiny@3"
        return ("tiny@1",) if there.known("tiny@1").pruned else ()

    assert prune_versions(here, 1, seen_in_between) == []
    assert there.known("tiny").manifest.label == "tiny@3"
    for store in (here, there):
        assert store.get("tiny@1").read() == b"tiny 1"
