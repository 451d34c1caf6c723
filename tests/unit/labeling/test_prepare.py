"""A request that no tool could take is refused before anything is made of it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shared.domain.label import LabelledBox, LabelledPicture
from shared.errors import InvalidInputError
from shared.labeling.prepare import prepare
from tests.support.labelling_people import SIZE, a_request

FIRST = "frames/000000.jpg"


def _picture(name: str = FIRST, **changes: Any) -> tuple[LabelledPicture, ...]:
    return (replace(LabelledPicture(name, SIZE, ()), **changes),)


@pytest.mark.parametrize(
    "change",
    [
        {"task_id": "../up"},
        {"task_id": "a:b"},
        {"task_id": "x" * 41},
        {"classes": ()},
        {"classes": ("cat", "cat")},
        {"pictures": ()},
        {"pictures": _picture() * 2},
        {"pictures": _picture("../frames/000000.jpg")},
        {"pictures": _picture("frames//000000.jpg")},
        {"pictures": _picture("frames/000000.gif")},
        {"pictures": _picture(size=None)},
        {"pictures": _picture(boxes=(LabelledBox(2, (0, 0, 9, 9)),))},
        {"pictures": _picture(boxes=(LabelledBox(-1, (0, 0, 9, 9)),))},
    ],
    ids=str,
)
def test_a_bad_request_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError) as refused:
        prepare(replace(a_request(tmp_path, "t"), **change))
    assert refused.value.code in {"bad_label_request", "bad_labels"}


def test_boxes_end_where_their_picture_ends(tmp_path: Path) -> None:
    boxes = (
        LabelledBox(0, (-5.0, -5.0, 700.0, 20.0), 1),
        LabelledBox(0, (650.0, 10.0, 700.0, 20.0), 2),
        LabelledBox(1, (1.0, 2.0, 3.0, 4.0), 3, 0.5),
    )
    asked = replace(a_request(tmp_path, "t"), pictures=_picture(boxes=boxes))
    found = prepare(asked).pictures[0].boxes
    assert found == (LabelledBox(0, (0.0, 0.0, 640.0, 20.0), 1), boxes[2])
