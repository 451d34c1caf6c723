"""What every labelling tool must do; a new adapter only adds its case."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from shared.domain.label import LabelledBox, Labels
from shared.errors import PermanentError
from shared.labeling import folder_layout, labelstudio_api
from shared.labeling.adapters import check_labeling, open_labeling
from shared.labeling.port import LabelingTool, LabelRequest
from shared.labeling.removal import remove_labels
from shared.settings import Settings
from tests.support.labelling_people import (
    CLASSES,
    SIZE,
    FolderPeople,
    LabelStudioPeople,
    People,
    Shown,
    a_request,
    moved,
    unchanged,
)
from tests.support.labelstudio_server import LabelStudioServer

pytestmark = pytest.mark.slow

FIRST, SECOND, LAST = (f"frames/{number:06d}.jpg" for number in range(3))


class DiedError(Exception):
    """What a killed process does next: nothing."""


@dataclass(frozen=True)
class Case:
    """An adapter, its people, and what it calls once for each of its effects."""

    settings: Settings
    people: People
    effect: tuple[Any, str]

    @property
    def tool(self) -> LabelingTool:
        return open_labeling(self.settings)


@pytest.fixture(params=["folder", "labelstudio"])
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Case:
    if request.param == "folder":
        root = tmp_path / "labeling"
        settings = Settings(labeling_url=f"folder://{root}")
        return Case(settings, FolderPeople(root), (folder_layout, "copy_file"))
    server: LabelStudioServer = request.getfixturevalue("label_studio")
    settings = Settings(labeling_url=server.labeling_url, labeling_token=server.token)  # type: ignore[arg-type]
    return Case(settings, LabelStudioPeople(server), (labelstudio_api.Api, "call"))


@pytest.fixture
def asked(tmp_path: Path) -> LabelRequest:
    return a_request(tmp_path / "given", str(uuid.uuid4()))


def _by_name(labels: Labels) -> dict[str, tuple[LabelledBox, ...]]:
    return {picture.name: picture.boxes for picture in labels.pictures}


def _near(box: LabelledBox, xyxy: tuple[float, ...]) -> bool:
    return box.xyxy == pytest.approx(xyxy, abs=1e-3)


def test_a_tool_that_works_passes_the_check(case: Case) -> None:
    check_labeling(case.settings)


def test_people_see_every_picture_once_with_what_the_model_saw(
    case: Case, asked: LabelRequest
) -> None:
    handle = case.tool.request(asked)
    assert case.people.pictures(handle) == [FIRST, SECOND, LAST]
    cat, dog = sorted(case.people.shown(handle, FIRST), key=lambda shown: shown.label)
    assert (cat.label, dog.label) == CLASSES
    assert cat.xyxy == pytest.approx((10, 20, 110, 220), abs=1e-3)
    assert not case.people.shown(handle, LAST)


def test_asking_twice_is_asking_once(case: Case, asked: LabelRequest) -> None:
    handle = case.tool.request(asked)
    case.people.label(handle, FIRST, lambda shown: shown[:1])
    assert case.tool.request(asked) == handle
    assert case.people.pictures(handle) == [FIRST, SECOND, LAST]
    case.people.finish(handle)
    assert len(_by_name(case.tool.collect(handle, asked))[FIRST]) == 1, "their work is as it was"


def _dies_after(case: Case, patch: pytest.MonkeyPatch, effects: int) -> None:
    """The next request of this tool ends after so many effects, and nobody hears of the last."""
    owner, name = case.effect
    real: Callable[..., Any] = getattr(owner, name)
    left = [effects]

    def dies(*args: Any, **options: Any) -> Any:
        answer = real(*args, **options)
        left[0] -= 1
        if not left[0]:
            patch.setattr(owner, name, real)
            raise DiedError
        return answer

    patch.setattr(owner, name, dies)


def test_a_request_that_was_interrupted_anywhere_is_completed_once(
    case: Case, asked: LabelRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    for limit in range(1, 100):
        again = replace(asked, task_id=str(uuid.uuid4()))
        with monkeypatch.context() as patch:
            _dies_after(case, patch, limit)
            try:
                case.tool.request(again)
            except DiedError:
                pass
            else:
                assert limit > 3, "each interruption was tried"
                return
        handle = case.tool.request(again)
        assert case.people.places(again.task_id) == 1, limit
        assert case.people.pictures(handle) == [FIRST, SECOND, LAST], limit
        assert len(case.people.shown(handle, FIRST)) == 2
        case.tool.remove(handle)
        assert case.people.places(again.task_id) == 0, limit
    pytest.fail("it never came to its end")


def test_a_request_that_was_interrupted_anywhere_is_found_and_removed(
    case: Case, asked: LabelRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = replace(asked, task_id=str(uuid.uuid4()))
    kept = case.tool.request(other)
    for limit in range(1, 100):
        again = replace(asked, task_id=str(uuid.uuid4()))
        with monkeypatch.context() as patch:
            _dies_after(case, patch, limit)
            try:
                case.tool.request(again)
            except DiedError:
                pass
            else:
                assert limit > 3, "each interruption was tried"
                break
        remove_labels(case.tool, again.task_id, None)
        assert case.people.places(again.task_id) == 0, limit
        assert case.tool.find(again.task_id) == []
    assert case.tool.progress(kept).total == 3, "others are as they were"


def test_what_is_here_of_a_task_is_found_by_its_id(case: Case, asked: LabelRequest) -> None:
    handle = case.tool.request(asked)
    assert list(case.tool.find(asked.task_id)) == [handle]
    assert list(case.tool.find(str(uuid.uuid4()))) == []
    remove_labels(case.tool, asked.task_id, handle)
    remove_labels(case.tool, asked.task_id, handle)
    assert case.people.places(asked.task_id) == 0


def test_progress_counts_what_people_are_done_with(case: Case, asked: LabelRequest) -> None:
    handle = case.tool.request(asked)
    before = case.tool.progress(handle)
    assert (before.total, before.labelled, before.complete) == (3, 0, False)
    assert before.url is not None
    case.people.label(handle, FIRST, unchanged)
    assert not case.tool.progress(handle).complete
    case.people.finish(handle)
    after = case.tool.progress(handle)
    assert (after.total, after.labelled, after.complete) == (3, 3, True)


def test_what_people_said_comes_back_and_nothing_else(case: Case, asked: LabelRequest) -> None:
    def corrected(shown: list[Shown]) -> list[Shown]:
        cat, dog = sorted(shown, key=lambda each: each.label)
        new = Shown("cat", (500.0, 300.0, 600.0, 400.0))
        return [new, replace(moved(dog, 12), label="cat"), moved(cat, 5)]

    handle = case.tool.request(asked)
    case.people.label(handle, FIRST, corrected)
    case.people.label(handle, SECOND, lambda shown: [each for each in shown if each.label == "cat"])
    case.people.label(handle, LAST, unchanged)
    case.people.finish(handle)
    labels = case.tool.collect(handle, asked)
    assert labels.classes == CLASSES
    assert not labels.left_out
    assert [picture.name for picture in labels.pictures] == [FIRST, SECOND, LAST]
    assert {picture.size for picture in labels.pictures} == {SIZE}
    found = _by_name(labels)
    cat, dog, new = sorted(found[FIRST], key=lambda box: box.xyxy)
    assert (cat.track_id, dog.track_id, new.track_id) == (7, 8, None)
    assert {box.class_id for box in found[FIRST]} == {0}
    assert _near(cat, (15, 25, 115, 225))
    assert _near(dog, (312, 52, 432, 212))
    assert _near(new, (500, 300, 600, 400))
    assert [(box.class_id, box.track_id) for box in found[SECOND]] == [(0, 7)]
    assert found[LAST] == (), "somebody said that there is nothing"
    assert all(box.score is None for boxes in found.values() for box in boxes)
    assert case.tool.collect(handle, asked) == labels


def test_before_anybody_is_done_there_are_no_labels(case: Case, asked: LabelRequest) -> None:
    labels = case.tool.collect(case.tool.request(asked), asked)
    assert labels.pictures == ()
    assert labels.left_out == {"pictures without an annotation": 3}


def test_another_class_is_left_out_and_counted(case: Case, asked: LabelRequest) -> None:
    handle = case.tool.request(asked)
    case.people.label(
        handle, FIRST, lambda shown: [*shown, Shown("horse", (500.0, 300.0, 600.0, 400.0))]
    )
    case.people.finish(handle)
    labels = case.tool.collect(handle, asked)
    assert len(_by_name(labels)[FIRST]) == 2
    assert labels.left_out == {"boxes of the class 'horse', which was not asked for": 1}


def test_a_picture_that_people_threw_away_is_not_waited_for(
    case: Case, asked: LabelRequest
) -> None:
    handle = case.tool.request(asked)
    case.people.delete(handle, SECOND)
    assert case.tool.progress(handle).total == 2
    case.people.finish(handle)
    assert case.tool.progress(handle).complete
    assert [*_by_name(case.tool.collect(handle, asked))] == [FIRST, LAST]
    for name in (FIRST, LAST):
        case.people.delete(handle, name)
    assert case.tool.progress(handle).complete
    assert case.tool.collect(handle, asked).pictures == ()


def test_a_picture_that_was_not_asked_for_is_left_out(case: Case, asked: LabelRequest) -> None:
    handle = case.tool.request(asked)
    case.people.finish(handle)
    fewer = replace(asked, pictures=asked.pictures[1:])
    labels = case.tool.collect(handle, fewer)
    assert [*_by_name(labels)] == [SECOND, LAST]
    assert labels.left_out == {"pictures that were not asked for": 1}


def test_what_somebody_deleted_is_gone(case: Case, asked: LabelRequest) -> None:
    handle = case.tool.request(asked)
    case.people.destroy(handle)
    for ask in (case.tool.progress, lambda known: case.tool.collect(known, asked)):
        with pytest.raises(PermanentError) as gone:
            ask(handle)
        assert gone.value.code == "labels_gone"
    case.tool.remove(handle)


def test_what_is_removed_is_gone_for_all(case: Case, asked: LabelRequest) -> None:
    other = replace(asked, task_id=str(uuid.uuid4()))
    handle, kept = case.tool.request(asked), case.tool.request(other)
    case.tool.remove(handle)
    case.tool.remove(handle)
    with pytest.raises(PermanentError) as gone:
        case.tool.progress(handle)
    assert gone.value.code == "labels_gone"
    assert case.tool.progress(kept).total == 3
    fresh = case.tool.request(asked)
    assert case.people.pictures(fresh) == [FIRST, SECOND, LAST]


def test_any_number_of_pictures_arrives(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(labelstudio_api, "PAGE", 10)
    many = a_request(tmp_path / "many", str(uuid.uuid4()), pictures=45)
    handle = case.tool.request(many)
    assert case.people.pictures(handle) == [picture.name for picture in many.pictures]
    assert case.tool.progress(handle).total == 45
    assert case.tool.collect(handle, many).left_out == {"pictures without an annotation": 45}


@pytest.mark.parametrize("handle", ["", "../elsewhere", "1", "999999999:" + "0" * 32, "/etc"])
def test_a_handle_of_nothing_is_gone(case: Case, handle: str) -> None:
    with pytest.raises(PermanentError) as gone:
        case.tool.progress(handle)
    assert gone.value.code == "labels_gone"
