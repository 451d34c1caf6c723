"""The model before comes back as a new version; versions themselves never change."""

from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from shared.errors import ConflictError, InvalidInputError, ModelError
from shared.inference.models import Model, ModelStore
from shared.inference.publish_model import publish_model
from shared.inference.roll_back import roll_back
from tests.support.tiny_models import TinyModel


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "bundled", tmp_path / "own")


def _publish(store: ModelStore, content: bytes, **facts: Any) -> Model:
    manifest = TinyModel().manifest(sha256(content).hexdigest())
    return publish_model(store, content, replace(manifest, **facts))


def _serves(store: ModelStore) -> tuple[str, bytes]:
    model = store.get("tiny")
    return model.manifest.label, model.read()


def test_the_version_before_serves_again_under_a_number_of_its_own(store: ModelStore) -> None:
    _publish(store, b"first", metrics={"mAP50_95": 0.4})
    _publish(store, b"second")
    back = roll_back(store, "tiny")
    assert _serves(store) == ("tiny@3", b"first")
    assert back.manifest == store.get("tiny").manifest
    assert back.manifest.metrics == {
        "mAP50_95": 0.4, "restored": "tiny@1", "rolled_back_from": "tiny@2",
    }  # fmt: skip
    assert store.get("tiny@2").read() == b"second"


def test_once_more_goes_further_back_and_never_forth(store: ModelStore) -> None:
    for content in (b"first", b"second", b"third"):
        _publish(store, content)
    roll_back(store, "tiny")
    assert _serves(store) == ("tiny@4", b"second")
    roll_back(store, "tiny")
    assert _serves(store) == ("tiny@5", b"first")
    with pytest.raises(ConflictError) as refused:
        roll_back(store, "tiny")
    assert refused.value.code == "no_earlier_version"
    assert _serves(store) == ("tiny@5", b"first")


def test_what_was_restored_is_gone_back_to_as_what_it_was(store: ModelStore) -> None:
    for content in (b"first", b"second"):
        _publish(store, content)
    roll_back(store, "tiny")
    _publish(store, b"fourth")
    assert roll_back(store, "tiny").manifest.metrics["restored"] == "tiny@1"
    assert _serves(store) == ("tiny@5", b"first")
    with pytest.raises(ConflictError):
        roll_back(store, "tiny")


def test_the_same_files_published_twice_are_one_model(store: ModelStore) -> None:
    for content in (b"first", b"second", b"second"):
        _publish(store, content)
    roll_back(store, "tiny")
    assert _serves(store) == ("tiny@4", b"first")


def test_a_file_that_was_changed_does_not_come_back(store: ModelStore) -> None:
    first = _publish(store, b"first")
    _publish(store, b"second")
    first.path.write_bytes(b"other")
    with pytest.raises(ModelError) as refused:
        roll_back(store, "tiny")
    assert refused.value.code == "model_changed"
    assert _serves(store) == ("tiny@2", b"second")


def test_a_name_is_asked_for(store: ModelStore) -> None:
    _publish(store, b"first")
    for wrong in ("tiny@1", "other"):
        with pytest.raises(InvalidInputError):
            roll_back(store, wrong)


def test_weights_come_back_with_their_model(store: ModelStore, tmp_path: Path) -> None:
    weights = tmp_path / "first.pt"
    weights.write_bytes(b"weights")
    digest = sha256(b"weights").hexdigest()
    manifest = replace(TinyModel().manifest(sha256(b"first").hexdigest()), weights_sha256=digest)
    first = publish_model(store, b"first", manifest, weights)
    assert first.weights == store.own / "tiny/1/model.pt"
    second = _publish(store, b"second")
    assert second.weights is None
    back = roll_back(store, "tiny")
    assert back.weights is not None
    assert back.weights.read_bytes() == b"weights"
    assert back.manifest.weights_sha256 == digest


def test_other_weights_than_the_manifest_speaks_of_are_not_published(
    store: ModelStore, tmp_path: Path
) -> None:
    weights = tmp_path / "model.pt"
    weights.write_bytes(b"weights")
    manifest = TinyModel().manifest(sha256(b"first").hexdigest())
    for said, given in (("ab" * 32, weights), (None, weights), ("ab" * 32, None)):
        with pytest.raises(ModelError) as refused:
            publish_model(store, b"first", replace(manifest, weights_sha256=said), given)
        assert refused.value.code == "weights_changed"
    assert store.versions("tiny") == ()
