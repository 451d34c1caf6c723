"""Labels are checked before anybody trains on them, and divided for ever."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import orjson
import pytest
from PIL import Image

from shared.domain.label import LabelledBox, LabelledPicture, Labels
from shared.domain.labeling import RequestedLabels
from shared.domain.task import AnalysisOptions, LabelingOptions, Task
from shared.errors import InvalidInputError
from shared.labeling.adapters import open_labeling
from shared.labels.coco import write_coco
from shared.labels.held_out import held_out_frames, picture_held_out
from shared.labels.proposals import Origin, Proposals
from shared.labels.split_file import read_split
from shared.labels.yolo import read_yolo
from shared.pipeline.step import NotYetError
from shared.pipeline.tools import Tools
from shared.storage.documents import read_document, write_document
from tests.support.toolbox import toolbox
from workers.labeling_manager.collect_labels import collect_labels
from workers.labeling_manager.prepare_dataset import LEAST_PICTURES, prepare_dataset
from workers.labeling_manager.request_labels import request_labels

VIDEO = "ab" * 32
CLASSES = ("cat", "dog")
FRAMES = range(0, 400, 10)
BOX = LabelledBox(0, (2.0, 3.0, 20.0, 30.0))
TASK = Task("labels", "a.mp4", LabelingOptions(AnalysisOptions(model="pet_hotel@1")), "analysis")


@pytest.fixture
def tools(tmp_path: Path) -> Iterator[Tools]:
    """With the pictures of 40 frames that people were shown."""
    with toolbox(tmp_path / "storage") as made:
        made.paths.chosen("labels").mkdir(parents=True)
        for name in _names():
            Image.new("RGB", (64, 48)).save(made.paths.chosen("labels") / name)
        _propose(made)
        yield made


def _names() -> list[str]:
    return [f"labels-{frame:06d}.jpg" for frame in FRAMES]


def _held_out() -> set[str]:
    held = held_out_frames(VIDEO, list(FRAMES))
    return {name for name, out in zip(_names(), held, strict=True) if out}


def _pictures(**boxes: Sequence[LabelledBox]) -> list[LabelledPicture]:
    """Boxes of each picture by its part, `train` or `test`; a cat where nothing is said."""
    held = _held_out()
    return [
        LabelledPicture(
            name, (64, 48), tuple(boxes.get("test" if name in held else "train", (BOX,)))
        )
        for name in _names()
    ]


def _propose(tools: Tools) -> None:
    proposals = Proposals(VIDEO, "pet_hotel@1", Labels(CLASSES, _pictures()), tuple(FRAMES))
    write_document(tools.paths.proposals("labels"), proposals)


def _collected(tools: Tools, pictures: Sequence[LabelledPicture]) -> None:
    folder = tools.paths.collected("labels")
    folder.mkdir(parents=True, exist_ok=True)
    write_coco(Labels(CLASSES, pictures), folder / "labels.json")


def _refused(tools: Tools, pictures: Sequence[LabelledPicture]) -> InvalidInputError:
    _collected(tools, pictures)
    with pytest.raises(InvalidInputError) as refused:
        prepare_dataset(tools, TASK)
    assert not tools.paths.train_log("labels").exists(), "nothing half-written stays"
    return refused.value


def test_what_is_held_out_follows_from_the_video_and_nothing_else(tools: Tools) -> None:
    _collected(tools, _pictures(test=(BOX, replace(BOX, class_id=1)), train=(BOX,) * 2))
    with pytest.raises(InvalidInputError):
        prepare_dataset(tools, TASK)  # dogs are only where nothing is trained on
    _collected(tools, _pictures(train=(BOX, replace(BOX, class_id=1))))
    output = prepare_dataset(tools, TASK)
    split = read_split(tools.paths.train_log("labels") / "train_test_split.txt")
    assert set(split.test) == _held_out()
    assert set(split.train) == set(_names()) - _held_out()
    _collected(tools, [each for each in _pictures() if each.name in split.test[:4] + split.train])
    prepare_dataset(tools, TASK)
    again = read_split(tools.paths.train_log("labels") / "train_test_split.txt")
    assert set(again.test) == set(split.test[:4])
    assert output == {
        "train": len(split.train), "test": len(split.test),
        "boxes": {"cat": len(FRAMES), "dog": len(split.train)}, "unseen": [],
        "set_aside": 0,
    }  # fmt: skip


def test_of_pictures_from_elsewhere_near_copies_of_what_is_held_out_train_nothing(
    tools: Tools,
) -> None:
    digests = [sha256(str(number).encode()).hexdigest() for number in range(len(FRAMES))]
    origins = tuple(Origin(f"{digest[:8]}.jpg", digest) for digest in digests)
    held = {name for name, each in zip(_names(), digests, strict=True) if picture_held_out(each)}
    aside = sorted(set(_names()) - held)[:3]
    proposed = Proposals(
        None, "pet_hotel@1", Labels(CLASSES, _pictures()), (), origins, tuple(aside)
    )
    write_document(tools.paths.proposals("labels"), proposed)
    _collected(tools, _pictures())
    output = prepare_dataset(tools, TASK)
    folder = tools.paths.train_log("labels")
    split = read_split(folder / "train_test_split.txt")
    assert set(split.test) == held
    assert set(split.train) == set(_names()) - held - {*aside}
    there = {file.name for file in (folder / "data" / "images").iterdir()}
    assert there == {*split.test, *split.train}
    assert output is not None
    assert output["set_aside"] == 3, "and it is said"


def test_the_dataset_is_one_that_any_trainer_opens(tools: Tools) -> None:
    pictures = _pictures(test=(BOX,), train=(BOX, replace(BOX, xyxy=(0.0, 0.0, 9.0, 9.0))))
    _collected(tools, pictures)
    output = prepare_dataset(tools, TASK)
    assert output is not None
    assert output["unseen"] == ["dog"], "said, and no reason to refuse"
    folder = tools.paths.train_log("labels")
    report = orjson.loads((folder / "report.json").read_bytes())
    assert report["test"] == {"cat": len(_held_out()), "dog": 0}
    (folder / "data.yaml").rename(folder / "data" / "data.yaml")
    there = read_yolo(folder / "data")
    assert there.classes == CLASSES
    assert {each.name: len(each.boxes) for each in there.pictures} == {
        each.name: len(each.boxes) for each in pictures
    }


@pytest.mark.parametrize(
    ("boxes", "code", "word"),
    [
        ({"train": (), "test": ()}, "only_empty_pictures", "cat or dog"),
        ({"train": ()}, "nothing_to_train_on", "kept for measuring"),
        ({"train": (replace(BOX, xyxy=(2.0, 3.0, 99.0, 30.0)),)}, "faulty_labels", "beyond"),
        ({"train": (replace(BOX, xyxy=(2.0, 3.0, 2.1, 30.0)),)}, "faulty_labels", "pixels"),
        ({"test": (replace(BOX, class_id=1),)}, "class_not_in_training", "dog"),
    ],
)
def test_bad_labels_are_a_stated_reason(
    tools: Tools, boxes: dict[str, Sequence[LabelledBox]], code: str, word: str
) -> None:
    error = _refused(tools, _pictures(**boxes))
    assert error.code == code
    assert word in error.message


def test_too_little_is_a_stated_reason(tools: Tools) -> None:
    few = _refused(tools, _pictures()[: LEAST_PICTURES - 1])
    assert few.code == "too_few_labels"
    train_only = [each for each in _pictures() if each.name not in _held_out()]
    assert _refused(tools, train_only).code == "nothing_held_out"


def test_a_picture_that_is_gone_is_named(tools: Tools) -> None:
    (tools.paths.chosen("labels") / _names()[3]).unlink()
    error = _refused(tools, _pictures())
    assert (error.code, _names()[3] in error.message) == ("picture_missing", True)


def test_people_are_asked_once_and_waited_for(tools: Tools) -> None:
    asked = request_labels(tools, TASK)
    assert request_labels(tools, TASK) == asked, "asked again after a crash"
    assert asked is not None
    assert (asked["pictures"], asked["project"]) == (len(FRAMES), "Trackloop - labels")
    with pytest.raises(NotYetError) as wait:
        collect_labels(tools, TASK)
    assert wait.value.output == {"labelled": 0, "total": len(FRAMES)}
    assert wait.value.seconds == tools.settings.labeling_poll_seconds
    requested = read_document(tools.paths.label_request("labels"), RequestedLabels)
    open_labeling(tools.settings).confirm(requested.handle)
    output = collect_labels(tools, TASK)
    assert output is not None
    assert (output["labelled"], output["boxes"]) == (len(FRAMES), {"cat": len(FRAMES), "dog": 0})
    assert (tools.paths.collected("labels") / "labels" / "labels-000000.txt").is_file()
    assert prepare_dataset(tools, TASK) is not None


def test_a_project_in_which_nobody_labelled_anything_is_refused(tools: Tools) -> None:
    asked = request_labels(tools, TASK)
    assert asked is not None
    folder = tools.paths.root / "labeling" / "labels"
    for picture in (folder / "images").iterdir():
        picture.unlink()
    (folder / "CONFIRMED").touch()
    with pytest.raises(InvalidInputError) as refused:
        collect_labels(tools, TASK)
    assert refused.value.code == "no_labels"
    assert not tools.paths.collected("labels").exists()
