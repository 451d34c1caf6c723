"""What ultralytics writes into the models that it exports: class names, size, task."""

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.errors import ModelError

_LONGEST_LITERAL = 1_000_000
_MOST_CLASSES = 10_000


@dataclass(frozen=True, slots=True)
class TrainingNotes:
    """The export's own notes; None where it has none.

    Attributes:
        task: `detect`, `segment`, `pose`, `obb`, `classify`.
        size: input height and width in pixels.
        end2end: whether boxes come out suppressed.
    """

    classes: tuple[str, ...] | None = None
    task: str | None = None
    size: tuple[int, int] | None = None
    end2end: bool | None = None
    licence: str | None = None


def read_training_notes(properties: Mapping[str, str], file_name: str) -> TrainingNotes:
    """Read the metadata properties of an ONNX model.

    Raises:
        ModelError: `bad_metadata`, naming the property and what it should hold.
    """
    notes = {key: _literal(properties[key], key, file_name) for key in _LITERALS & set(properties)}
    return TrainingNotes(
        classes=_classes(notes["names"], file_name) if "names" in notes else None,
        task=properties.get("task"),
        size=_size(notes["imgsz"], file_name) if "imgsz" in notes else None,
        end2end=bool(notes["end2end"]) if "end2end" in notes else None,
        licence=properties.get("license"),
    )


_LITERALS = frozenset({"names", "imgsz", "end2end"})


def _literal(text: str, key: str, file_name: str) -> Any:
    if len(text) > _LONGEST_LITERAL:
        raise _bad(file_name, key, f"is longer than {_LONGEST_LITERAL} characters")
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError) as error:
        raise _bad(file_name, key, "is not a Python literal") from error


def _classes(names: Any, file_name: str) -> tuple[str, ...]:
    if isinstance(names, list | tuple):
        names = dict(enumerate(names))
    if not isinstance(names, dict) or not 1 <= len(names) <= _MOST_CLASSES:
        raise _bad(file_name, "names", f"does not map numbers to 1 to {_MOST_CLASSES} names")
    if not all(isinstance(name, str) and name.strip() for name in names.values()):
        raise _bad(file_name, "names", "holds a name that is no text")
    if set(names) != set(range(len(names))):
        raise _bad(file_name, "names", "does not number its classes 0, 1, 2 …")
    return tuple(names[number].strip() for number in range(len(names)))


def _size(value: Any, file_name: str) -> tuple[int, int]:
    sides = [value, value] if isinstance(value, int) else value
    is_pair = isinstance(sides, list | tuple) and len(sides) == 2
    if not is_pair or not all(isinstance(side, int) and side > 0 for side in sides):
        raise _bad(file_name, "imgsz", "is not a height and a width in pixels")
    return int(sides[0]), int(sides[1])


def _bad(file_name: str, key: str, fault: str) -> ModelError:
    return ModelError(
        "bad_metadata", f"{file_name}: metadata {key!r} {fault}; export the model again."
    )
