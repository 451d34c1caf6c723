"""What a person, or a model, says is in pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Size = tuple[int, int]
"""Width and height in pixels."""
PICTURE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp")
"""What files of pictures end in, in lower case."""


@dataclass(frozen=True, slots=True)
class LabelledBox:
    """One subject.

    Attributes:
        class_id: index into the classes of the set.
        xyxy: left, top, right, bottom in pixels of the upright picture.
        track_id: the same for one subject in all pictures of a video; None where nobody said.
        score: a model's confidence, 0 to 1; None where a person drew the box.
    """

    class_id: int
    xyxy: tuple[float, float, float, float]
    track_id: int | None = None
    score: float | None = None


@dataclass(frozen=True, slots=True)
class LabelledPicture:
    """A picture that somebody has looked at; without boxes it shows no subject.

    Attributes:
        name: its path below the pictures' folder, with `/` between the parts.
        size: of the upright picture; None where the labels do not tell.
    """

    name: str
    size: Size | None
    boxes: tuple[LabelledBox, ...]


@dataclass(frozen=True, slots=True)
class Labels:
    """A set of pictures with their boxes.

    Attributes:
        left_out: what was read and has no place here, such as key points, each with its count.
    """

    classes: tuple[str, ...]
    pictures: Sequence[LabelledPicture]
    left_out: Mapping[str, int] = field(default_factory=dict)
