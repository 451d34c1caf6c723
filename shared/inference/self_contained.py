"""A model file that reads other files is refused: it could read anyone's."""

from collections.abc import Iterator
from typing import Any

import onnx

from shared.errors import ModelError


def refuse_external_data(model: onnx.ModelProto, file_name: str) -> None:
    """Refuse tensors that lie outside the file, wherever in the graph they are.

    The walk follows every field of the format, so initialisers, sparse initialisers,
    attributes, subgraphs, functions and training graphs are all covered.

    Raises:
        ModelError: `external_data`, naming the tensor and the file that it points to.
    """
    for tensor in _tensors(model):
        if tensor.external_data or tensor.data_location == onnx.TensorProto.EXTERNAL:
            places = [entry.value for entry in tensor.external_data if entry.key == "location"]
            raise ModelError(
                "external_data",
                f"{file_name}: tensor {tensor.name!r} lies in another file "
                f"({', '.join(places) or 'unnamed'}); save the model as one file, "
                "for example with onnx.save(…, save_as_external_data=False).",
            )


def _tensors(message: Any) -> Iterator[Any]:
    """Every TensorProto inside a message; scalars and byte strings are not visited."""
    if isinstance(message, onnx.TensorProto):
        yield message
        return
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        children = [value] if hasattr(value, "ListFields") else value
        for child in children:
            yield from _tensors(child)
