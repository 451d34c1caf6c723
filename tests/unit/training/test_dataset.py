"""A dataset is checked before anything is trained, and laid out without being touched."""

import os
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import yaml

from shared.errors import InvalidInputError
from shared.labels.split_file import write_split
from shared.training.dataset import Layout, fingerprint, lay_out
from tests.support.training_sets import write_dataset, write_labels


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    return write_dataset(tmp_path / "dataset", train=10, test=3)


def laid_out(dataset: Path, folder: Path, **options: Any) -> Layout:
    asked = {"image_size": 96, "rectangular": False, "validation_share": 0.2} | options
    return lay_out(dataset, folder, **asked)


def listed(layout: Layout, name: str) -> set[Path]:
    text = (layout.description.parent / f"{name}.txt").read_text()
    return {Path(line) for line in text.splitlines()}


def test_pictures_of_the_test_split_are_not_even_there(dataset: Path, tmp_path: Path) -> None:
    layout = laid_out(dataset, tmp_path / "set")
    train, validation = listed(layout, "train"), listed(layout, "val")
    assert (len(train), len(validation)) == (layout.train, layout.validation) == (8, 2)
    assert not train & validation
    shown = {link.resolve().name for link in (tmp_path / "set" / "images").iterdir()}
    assert shown == {f"{number:04d}.jpg" for number in range(10)}
    assert {link.resolve().name for link in train | validation} == shown


def test_very_few_pictures_are_learnt_from_and_validated_with(
    dataset: Path, tmp_path: Path
) -> None:
    write_split(dataset / "train_test_split.txt", ["0001.jpg", "0002.jpg"], [])
    layout = laid_out(dataset, tmp_path / "set")
    assert listed(layout, "train") == listed(layout, "val")
    assert layout.train == 2


def test_labels_are_cut_at_the_edge_and_written_once(dataset: Path, tmp_path: Path) -> None:
    write_split(dataset / "train_test_split.txt", ["0001.jpg"], [])
    write_labels(dataset, "0001.jpg", ["1 0.0 0.5 0.2 0.4", "1 0.0 0.5 0.2 0.4", ""])
    laid_out(dataset, tmp_path / "set")
    (labels,) = (tmp_path / "set" / "labels").iterdir()
    assert labels.read_text() == "1 0.05000000 0.50000000 0.10000000 0.40000000\n"


def test_a_picture_that_would_be_mended_in_place_is_copied(dataset: Path, tmp_path: Path) -> None:
    write_split(dataset / "train_test_split.txt", ["0001.jpg", "0002.jpg"], [])
    cut = dataset / "data" / "images" / "0001.jpg"
    os.truncate(cut, cut.stat().st_size - 2)
    laid_out(dataset, tmp_path / "set")
    copies = [file for file in (tmp_path / "set" / "images").iterdir() if not file.is_symlink()]
    assert [file.read_bytes() for file in copies] == [cut.read_bytes()]


@pytest.mark.parametrize(("rectangular", "size"), [(True, (96, 160)), (False, (160, 160))])
def test_the_input_follows_the_pictures_where_asked(
    rectangular: bool, size: tuple[int, int], dataset: Path, tmp_path: Path
) -> None:
    write_split(dataset / "train_test_split.txt", ["0001.jpg"], [])
    wide = np.zeros((90, 160, 3), np.uint8)
    cv2.imwrite(str(dataset / "data" / "images" / "0001.jpg"), wide)
    layout = laid_out(dataset, tmp_path / "set", image_size=160, rectangular=rectangular)
    assert layout.size == size


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("2 0.5 0.5 0.1 0.1", "class 2 of 2"),
        ("-1 0.5 0.5 0.1 0.1", "class -1 of 2"),
        ("0.5 0.5 0.5 0.1 0.1", "class 0.5 of 2"),
        ("0 0.5 0.5 0.1", "4 columns"),
        ("0 1.5 0.5 0.1 0.1", "no part in the picture"),
        ("0 0.5 0.5 0 0.1", "no part in the picture"),
        ("0 nan 0.5 0.1 0.1", "is not a number"),
        ("red 0.5 0.5 0.1 0.1", "is not a number"),
    ],
)
def test_a_bad_label_is_named(line: str, fault: str, dataset: Path, tmp_path: Path) -> None:
    write_labels(dataset, "0003.jpg", ["0 0.5 0.5 0.1 0.1", line])
    with pytest.raises(InvalidInputError, match=f"0003.txt, line 2: .*{fault}") as refused:
        laid_out(dataset, tmp_path / "set")
    assert refused.value.code == "bad_labels"


def test_a_missing_or_broken_picture_is_named(dataset: Path, tmp_path: Path) -> None:
    picture = dataset / "data" / "images" / "0003.jpg"
    picture.write_text("no picture")
    with pytest.raises(InvalidInputError, match=r"0003\.jpg: is no picture"):
        laid_out(dataset, tmp_path / "set")
    picture.unlink()
    with pytest.raises(InvalidInputError, match=r"0003\.jpg: is no picture"):
        laid_out(dataset, tmp_path / "set")


def test_a_set_without_boxes_or_pictures_teaches_nothing(dataset: Path, tmp_path: Path) -> None:
    for number in range(10):
        write_labels(dataset, f"{number:04d}.jpg", [])
    with pytest.raises(InvalidInputError) as refused:
        laid_out(dataset, tmp_path / "set")
    assert refused.value.code == "no_labels"
    write_split(dataset / "train_test_split.txt", [], ["0001.jpg"])
    with pytest.raises(InvalidInputError) as refused:
        laid_out(dataset, tmp_path / "set")
    assert refused.value.code == "no_training_pictures"


@pytest.mark.parametrize(
    "names", [None, [], ["red", "red"], {1: "red"}, ["red", " "], [1, 2], "ab"]
)
def test_classes_have_names(names: object, dataset: Path, tmp_path: Path) -> None:
    (dataset / "data.yaml").write_text(yaml.safe_dump({"names": names}))
    with pytest.raises(InvalidInputError, match=r"data\.yaml") as refused:
        laid_out(dataset, tmp_path / "set")
    assert refused.value.code == "bad_labels"


def test_other_labels_are_another_training(dataset: Path) -> None:
    before = fingerprint(dataset)
    assert fingerprint(dataset) == before
    write_labels(dataset, "0003.jpg", ["0 0.5 0.5 0.1 0.1"])
    assert fingerprint(dataset) != before
