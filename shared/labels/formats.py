"""The formats by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from shared.domain.label import Labels
from shared.errors import InvalidInputError
from shared.labels.coco import read_coco, write_coco
from shared.labels.cvat import read_cvat, write_cvat
from shared.labels.labelstudio import read_labelstudio, write_labelstudio
from shared.labels.mot import read_mot_labels, write_mot_labels
from shared.labels.yolo import read_yolo, write_yolo


@dataclass(frozen=True, slots=True)
class Format:
    """How labels are read from a file or folder, and written to one."""

    read: Callable[[Path], Labels]
    write: Callable[[Labels, Path], None]


FORMATS: Mapping[str, Format] = {
    "coco": Format(read_coco, write_coco),
    "cvat": Format(read_cvat, write_cvat),
    "labelstudio": Format(read_labelstudio, write_labelstudio),
    "mot": Format(read_mot_labels, write_mot_labels),
    "yolo": Format(read_yolo, write_yolo),
}


def find_format(name: str) -> Format:
    """The format of this name.

    Raises:
        InvalidInputError: `unknown_label_format`.
    """
    if name not in FORMATS:
        raise InvalidInputError(
            "unknown_label_format", f"{name!r} is no format of labels; known: {', '.join(FORMATS)}."
        )
    return FORMATS[name]
