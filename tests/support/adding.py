"""Adding models in tests, and editing their graphs first."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx import helper

from shared.errors import PermanentError
from shared.inference.add_model import add_model
from shared.inference.add_request import AddRequest
from shared.inference.models import Model, ModelStore
from tests.support.tiny_models import TinyModel, ultralytics_metadata


def add(store: ModelStore, file: Path, **request: Any) -> Model:
    return add_model(store, file, AddRequest(**{"name": "mine"} | request), max_bytes=2**24)


def refusal(store: ModelStore, file: Path, **request: Any) -> PermanentError:
    with pytest.raises(PermanentError) as refused:
        add(store, file, **request)
    assert not store.own.exists(), "something was left behind"
    return refused.value


def tiny(tmp_path: Path, **options: Any) -> Path:
    return TinyModel(**options).save(tmp_path / "tiny.onnx")


Edit = Callable[[onnx.ModelProto], object]


def edited(tmp_path: Path, edit: Edit, **options: Any) -> Path:
    model = TinyModel(metadata=ultralytics_metadata(), **options).build()
    edit(model)
    path = tmp_path / "edited.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def append_output_node(model: onnx.ModelProto, *nodes: tuple[str, list[str], str]) -> None:
    """Put nodes between the network and its output, which they read as `before`."""
    for node in model.graph.node:
        if node.output[0] == "output":
            node.output[0] = "before"
    model.graph.node.extend(helper.make_node(kind, names, [out]) for kind, names, out in nodes)
