"""What was measured is judged from a file as it would have been judged at once."""

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import orjson
import pytest

from shared.domain.detection import Detections
from shared.domain.label import Labels
from shared.errors import PermanentError
from shared.evaluation.gate import judge
from shared.evaluation.record import Evaluation, read_evaluation, write_evaluation
from tests.support.found_boxes import found_in, labelled_pictures


def _evaluation(pictures: int = 30) -> Evaluation:
    labels = labelled_pictures(np.random.default_rng(0), pictures)
    new = found_in(labels, np.random.default_rng(1), label="cats@2", shake=2, missed=0.05)
    old = found_in(labels, np.random.default_rng(2), label="cats@1", shake=8, missed=0.4)
    return Evaluation(labels, new, old, "ab" * 32)


def test_the_verdict_from_the_file_is_the_verdict_from_memory(tmp_path: Path) -> None:
    evaluation = _evaluation()
    write_evaluation(tmp_path / "evaluation.json", evaluation)
    read = read_evaluation(tmp_path / "evaluation.json")
    assert read.weights_sha256 == "ab" * 32
    assert asdict(read.labels)["classes"] == evaluation.labels.classes
    assert judge(read.labels, read.new, read.old) == judge(
        evaluation.labels, evaluation.new, evaluation.old
    )


def test_every_number_is_the_same_and_columns_may_be_parts_of_others(tmp_path: Path) -> None:
    labels = Labels(("cat",), labelled_pictures(np.random.default_rng(0), 2).pictures)
    wide = np.random.default_rng(3).random((7, 8), np.float32) * 1000
    parts = Detections(wide[:, 1:5], wide[:, 7], np.zeros(14, np.int32)[::2])
    found = replace(_evaluation().new, found=[parts, Detections.empty()])
    path = tmp_path / "evaluation.json"
    write_evaluation(path, Evaluation(labels, found, None, "ab" * 32))
    read = read_evaluation(path)
    assert read.old is None
    for there, here in zip(read.new.found, found.found, strict=True):
        for name in ("xyxy", "score", "class_id"):
            column = getattr(there, name)
            assert column.dtype == getattr(here, name).dtype
            np.testing.assert_array_equal(column, getattr(here, name))


def _spoil(told: dict, how: str) -> None:
    boxes = told["new"]["found"]
    if how == "a picture without results":
        boxes.pop()
    if how == "no number":
        boxes[0]["score"][0] = None
    if how == "a box without a score":
        boxes[0]["score"].pop()
    if how == "a class that there is not":
        boxes[0]["class_id"][0] = 7


@pytest.mark.parametrize(
    "how",
    ["a picture without results", "no number", "a box without a score",
     "a class that there is not"],
)  # fmt: skip
def test_a_file_that_does_not_hold_together_is_refused(tmp_path: Path, how: str) -> None:
    path = tmp_path / "evaluation.json"
    write_evaluation(path, _evaluation())
    told = orjson.loads(path.read_bytes())
    _spoil(told, how)
    path.write_bytes(orjson.dumps(told))
    with pytest.raises(PermanentError, match=r"evaluation.json cannot be read") as refused:
        read_evaluation(path)
    assert refused.value.code == "bad_evaluation"
