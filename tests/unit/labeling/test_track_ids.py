"""A box keeps its track through a tool that knows no tracks, and no two boxes share one."""

from shared.domain.label import LabelledBox
from shared.labeling.track_ids import with_track_ids

CAT = LabelledBox(0, (0, 0, 100, 100), 7)
DOG = LabelledBox(1, (200, 0, 300, 100), 8)


def _ids(boxes: list[LabelledBox], asked: list[LabelledBox]) -> list[int | None]:
    return [box.track_id for box in with_track_ids(boxes, asked)]


def _box(*xyxy: float, track: int | None = None, class_id: int = 0) -> LabelledBox:
    return LabelledBox(class_id, (xyxy[0], xyxy[1], xyxy[2], xyxy[3]), track)


def test_boxes_are_known_by_where_they_are_and_not_by_their_order() -> None:
    assert _ids([_box(205, 0, 300, 95, class_id=0), _box(3, 3, 100, 100)], [CAT, DOG]) == [8, 7]


def test_less_than_half_in_common_is_another_subject() -> None:
    assert _ids([_box(0, 0, 100, 51)], [CAT]) == [7]
    assert _ids([_box(0, 0, 100, 49)], [CAT]) == [None]


def test_of_two_boxes_the_nearer_one_is_the_track() -> None:
    assert _ids([_box(10, 0, 110, 100), _box(2, 0, 102, 100)], [CAT]) == [None, 7]


def test_each_box_takes_its_own_of_tracks_that_overlap() -> None:
    other = LabelledBox(0, (20, 0, 120, 100), 9)
    assert _ids([_box(21, 0, 121, 100), _box(1, 0, 101, 100)], [CAT, other]) == [9, 7]


def test_an_id_that_a_box_has_is_no_other_boxs() -> None:
    assert _ids([_box(0, 0, 100, 100), _box(400, 0, 500, 100, track=7)], [CAT]) == [None, 7]


def test_boxes_without_extent_and_without_tracks_are_left_alone() -> None:
    assert _ids([_box(5, 5, 5, 5)], [CAT, LabelledBox(0, (5, 5, 5, 5), 3)]) == [None]
    assert _ids([_box(0, 0, 100, 100)], [LabelledBox(0, (0, 0, 100, 100))]) == [None]
