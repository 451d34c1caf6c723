"""What is wrong with labels is found before anybody trains on them."""

import pytest

from shared.domain.label import LabelledBox, LabelledPicture, Labels
from shared.labels.check import check_labels


def _set(*boxes: LabelledBox) -> Labels:
    return Labels(("cat", "dog"), (LabelledPicture("a.jpg", (100, 50), boxes),))


def test_classes_pictures_and_tracks_are_counted() -> None:
    boxes = (LabelledBox(1, (0, 0, 10, 10), 4), LabelledBox(1, (0, 0, 20, 20), 5))
    pictures = (LabelledPicture("a.jpg", (100, 50), boxes), LabelledPicture("b.jpg", None, ()))
    report = check_labels(Labels(("cat", "dog"), pictures, {"keypointlabels": 3}))
    assert (report.pictures, report.empty, report.tracks) == (2, 1, 2)
    assert report.boxes == {"cat": 0, "dog": 2}
    assert report.left_out == {"keypointlabels": 3}
    assert report.faults == []


@pytest.mark.parametrize(
    ("box", "code"),
    [
        (LabelledBox(2, (0, 0, 10, 10)), "class_out_of_range"),
        (LabelledBox(-1, (0, 0, 10, 10)), "class_out_of_range"),
        (LabelledBox(0, (10, 0, 10.5, 10)), "no_extent"),
        (LabelledBox(0, (10, 0, 5, 10)), "no_extent"),
        (LabelledBox(0, (0, 0, 10, 52)), "outside"),
        (LabelledBox(0, (-2, 0, 10, 10)), "outside"),
    ],
)
def test_a_fault_names_picture_and_box(box: LabelledBox, code: str) -> None:
    (fault,) = check_labels(_set(LabelledBox(0, (0, 0, 10, 10)), box)).faults
    assert (fault.picture, fault.code) == ("a.jpg", code)
    assert fault.message.startswith("a.jpg, box 2: ")


def test_a_box_may_lie_a_pixel_beyond_the_edge() -> None:
    assert check_labels(_set(LabelledBox(0, (-1, 0, 101, 51)))).faults == []


def test_a_subject_is_in_a_picture_once() -> None:
    twice = (LabelledBox(0, (0, 0, 10, 10), 3), LabelledBox(0, (20, 0, 30, 10), 3))
    (fault,) = check_labels(_set(*twice)).faults
    assert fault.code == "track_twice"
