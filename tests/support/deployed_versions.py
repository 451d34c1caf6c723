"""Versions of a model as deployments publish them; nobody runs them."""

from dataclasses import replace
from hashlib import sha256
from typing import Any

from shared.inference.models import ModelStore
from shared.inference.publish_model import publish_model
from shared.inference.roll_back import DEPLOYED_BY
from tests.support.tiny_models import TinyModel

BY_A_TASK = {DEPLOYED_BY: "some-task"}
_WEIGHTS = b"weights"


def deploy_versions(store: ModelStore, count: int, name: str = "tiny", **facts: Any) -> None:
    """So many more; the content of each is its name and number."""
    store.own.mkdir(parents=True, exist_ok=True)
    weights = store.own.with_name("model.pt")
    weights.write_bytes(_WEIGHTS)
    facts = {"metrics": BY_A_TASK, "weights_sha256": sha256(_WEIGHTS).hexdigest()} | facts
    first = len(store.versions(name)) + 1
    for number in range(first, first + count):
        content = f"{name} {number}".encode()
        manifest = TinyModel().manifest(sha256(content).hexdigest())
        publish_model(store, content, replace(manifest, name=name, **facts), weights)
