"""Every format gives back what it was given, tracks included."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from shared.domain.label import LabelledBox, LabelledPicture, Labels
from shared.labels.formats import FORMATS

SIZE = (640, 480)
SCORELESS = {"yolo", "cvat"}


@st.composite
def _boxes(draw: st.DrawFn, classes: int) -> LabelledBox:
    left, top = draw(st.floats(0, 600)), draw(st.floats(0, 440))
    right, bottom = draw(st.floats(left + 1, 640)), draw(st.floats(top + 1, 480))
    return LabelledBox(
        draw(st.integers(0, classes - 1)), (left, top, right, bottom),
        draw(st.none() | st.integers(1, 10**6)), draw(st.none() | st.sampled_from([0.25, 0.5])),
    )  # fmt: skip


def _some(*names: str) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(names), min_size=1, unique=True)


@st.composite
def _sets(draw: st.DrawFn) -> Labels:
    classes = draw(_some("cat", "a dog", "söhne", "a&b", "<x>"))
    names = draw(_some("1.jpg", "a/2.jpg", "ü b.jpg", "z.jpg"))
    pictures = tuple(
        LabelledPicture(name, SIZE, tuple(draw(st.lists(_boxes(len(classes)), max_size=3))))
        for name in sorted(names)
    )
    return Labels(tuple(classes), pictures)


def _pictures(folder: Path, labels: Labels) -> None:
    for picture in labels.pictures:
        file = folder / "images" / picture.name
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", picture.size or SIZE).save(file)


def _through(name: str, labels: Labels, folder: Path) -> Labels:
    target = folder / f"as-{name}"
    target.mkdir()
    file = {"coco": "a.json", "labelstudio": "a.json", "cvat": "a.xml"}.get(name)
    place = target / file if file else target
    FORMATS[name].write(labels, place)
    if name == "yolo":
        _pictures(place, labels)
    return FORMATS[name].read(place)


def _flat(labels: Labels) -> Iterator[tuple[str, LabelledBox]]:
    for picture in labels.pictures:
        for box in picture.boxes:
            yield picture.name, box


def _same(found: Labels, expected: Labels, *, scores: bool) -> None:
    assert found.classes == expected.classes
    assert [(each.name, each.size) for each in found.pictures] == [
        (each.name, each.size) for each in expected.pictures
    ]
    for (name, box), (other_name, other) in zip(_flat(found), _flat(expected), strict=True):
        assert (name, box.class_id, box.track_id) == (other_name, other.class_id, other.track_id)
        assert box.xyxy == pytest.approx(other.xyxy, abs=1e-3)
        assert box.score == (other.score if scores else None)


@pytest.mark.parametrize("name", FORMATS)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(labels=_sets())
def test_what_is_written_is_read_again(
    name: str, labels: Labels, tmp_path_factory: pytest.TempPathFactory
) -> None:
    found = _through(name, labels, tmp_path_factory.mktemp("labels"))
    _same(found, labels, scores=name not in SCORELESS)


def test_from_each_format_into_each_other(tmp_path: Path) -> None:
    boxes = (LabelledBox(1, (10.5, 20.25, 110, 220.125), 7), LabelledBox(0, (0, 0, 640, 480)))
    labels = Labels(
        ("cat", "dog"), (LabelledPicture("1.jpg", SIZE, boxes), LabelledPicture("2.jpg", SIZE, ()))
    )
    order = [name for first in FORMATS for second in FORMATS for name in (first, second)]
    found = labels
    for number, (before, after) in enumerate(pairwise(order)):
        if before != after:
            folder = tmp_path / str(number)
            folder.mkdir()
            found = _through(after, found, folder)
    _same(found, labels, scores=False)


def test_two_pictures_never_share_a_text_file(tmp_path: Path) -> None:
    pictures = tuple(LabelledPicture(name, SIZE, ()) for name in ("a.jpg", "a.png"))
    with pytest.raises(Exception, match=r"a\.jpg and a\.png differ in their suffix only"):
        FORMATS["yolo"].write(Labels(("cat",), pictures), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_video_has_one_size(tmp_path: Path) -> None:
    pictures = (LabelledPicture("1.jpg", (10, 10), ()), LabelledPicture("2.jpg", (20, 10), ()))
    with pytest.raises(Exception, match="2 different sizes"):
        FORMATS["mot"].write(Labels(("cat",), pictures), tmp_path / "out")
