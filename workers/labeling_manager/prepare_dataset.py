"""Checks labels and makes a dataset of them, with a part that nothing is ever trained on."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from shared.domain.label import LabelledPicture, Labels
from shared.domain.task import LabelingOptions, Task
from shared.errors import InvalidInputError
from shared.labels.check import LabelReport, check_labels
from shared.labels.coco import read_coco
from shared.labels.proposals import Proposals
from shared.labels.split_file import SPLIT_FILE, write_split
from shared.labels.yolo import write_yolo
from shared.pipeline.step import Output
from shared.pipeline.tools import Tools
from shared.storage.documents import read_document, write_document
from shared.storage.files import link_or_copy, publishing_folder
from shared.storage.paths import Paths
from workers.labeling_manager.division import held_out

LEAST_PICTURES = 10
"""Of fewer a detector learns them by heart, and a single one would decide how good it is."""


@dataclass(frozen=True, slots=True)
class DatasetReport:
    """What a dataset holds.

    Attributes:
        train, test: boxes by class name, in the pictures to train on and in those held out.
        unseen: classes without any box; a model that is trained on this forgets them.
        set_aside: labelled pictures that are in neither part: each is nearly the same as one that
            is held out.
    """

    labels: LabelReport
    train: dict[str, int]
    test: dict[str, int]
    unseen: tuple[str, ...]
    set_aside: int = 0


def prepare_dataset(tools: Tools, task: Task[LabelingOptions]) -> Output:
    """Publish `train_log/{task}` with pictures, labels and their division.

    Which pictures are held out follows from the video, or the picture, alone
    (`shared.labels.held_out`), so that no later round trains on what an earlier one was measured
    on.

    Returns:
        `train` and `test`, how many pictures; `boxes` by class name; `unseen` classes; how many
        pictures are `set_aside`.

    Raises:
        InvalidInputError: `faulty_labels`, `too_few_labels`, `only_empty_pictures`,
            `nothing_held_out`, `nothing_to_train_on`, `class_not_in_training`,
            `picture_missing`.
        TransientError: `disk_full`.
    """
    paths = tools.paths
    labels = read_coco(paths.collected(task.id) / "labels.json")
    report = check_labels(labels)
    _refuse_bad(labels, report)
    train, test = _divided(paths, task, labels)
    found = _report(labels.classes, report, train, test)
    names = {each.name for each in (*train, *test)}
    used = replace(labels, pictures=[each for each in labels.pictures if each.name in names])
    with publishing_folder(paths.train_log(task.id), workplace=paths.labels(task.id)) as folder:
        write_yolo(used, folder / "data")
        (folder / "data" / "data.yaml").rename(folder / "data.yaml")
        _link_pictures(paths.chosen(task.id), used, folder / "data" / "images")
        write_split(
            folder / SPLIT_FILE, [each.name for each in train], [each.name for each in test]
        )
        write_document(folder / "report.json", asdict(found))
    return {
        "train": len(train), "test": len(test), "boxes": dict(report.boxes),
        "unseen": list(found.unseen), "set_aside": found.set_aside,
    }  # fmt: skip


def _refuse_bad(labels: Labels, report: LabelReport) -> None:
    if report.faults:
        count = len(report.faults)
        raise InvalidInputError(
            "faulty_labels",
            f"labels: {count} {'fault' if count == 1 else 'faults'}; first "
            f"{report.faults[0].message} Correct them and ask for the labels again.",
        )
    if report.pictures < LEAST_PICTURES:
        raise InvalidInputError(
            "too_few_labels",
            f"labels: {report.pictures} labelled pictures are too few to train on; label "
            f"{LEAST_PICTURES} or more.",
        )
    if report.empty == report.pictures:
        raise InvalidInputError(
            "only_empty_pictures",
            f"labels: none of the {report.pictures} pictures has a box; label some that show "
            f"{' or '.join(labels.classes)}.",
        )


def _divided(
    paths: Paths, task: Task[LabelingOptions], labels: Labels
) -> tuple[list[LabelledPicture], list[LabelledPicture]]:
    """Pictures to train on, and those held out."""
    proposed = read_document(paths.proposals(task.id), Proposals)
    held, aside = held_out(proposed), {*proposed.set_aside}
    test = [picture for picture in labels.pictures if held[picture.name]]
    train = [each for each in labels.pictures if not held[each.name] and each.name not in aside]
    if not test:
        raise InvalidInputError(
            "nothing_held_out",
            "labels: no labelled picture is of the part that is kept for measuring; ask for "
            "labels of more pictures.",
        )
    if not any(picture.boxes for picture in train):
        raise InvalidInputError(
            "nothing_to_train_on",
            "labels: no picture outside the part that is kept for measuring has a box, or each is "
            "nearly the same as one of that part; ask for labels of more, and more various, ones.",
        )
    return train, test


def _report(
    classes: Sequence[str], report: LabelReport,
    train: Sequence[LabelledPicture], test: Sequence[LabelledPicture],
) -> DatasetReport:  # fmt: skip
    learnt, measured = _boxes(classes, train), _boxes(classes, test)
    for name in classes:
        if measured[name] and not learnt[name]:
            raise InvalidInputError(
                "class_not_in_training",
                f"labels: every box of {name} lies in pictures that are kept for measuring; label "
                f"more frames that show {name}.",
            )
    unseen = tuple(name for name, count in report.boxes.items() if not count)
    aside = report.pictures - len(train) - len(test)
    return DatasetReport(report, learnt, measured, unseen, aside)


def _boxes(classes: Sequence[str], pictures: Sequence[LabelledPicture]) -> dict[str, int]:
    return dict(check_labels(Labels(tuple(classes), pictures)).boxes)


def _link_pictures(chosen: Path, labels: Labels, target: Path) -> None:
    target.mkdir()
    for picture in labels.pictures:
        if not (chosen / picture.name).is_file():
            raise InvalidInputError(
                "picture_missing", f"{picture.name} is gone; ask for the labels again."
            )
        link_or_copy(chosen / picture.name, target / picture.name)
