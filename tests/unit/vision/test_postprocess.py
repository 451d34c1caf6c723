"""Decoding and suppression: known answers, and a slow twin over random outputs."""

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from shared.domain.model import Decoding, ModelInput, ModelManifest
from shared.errors import ModelError
from shared.vision.postprocess import MAX_BOXES, decode_output

SIZE = (64, 96)
STRIDES = (8, 16, 32)
CELLS = [(s, y, x) for s in STRIDES for y in range(SIZE[0] // s) for x in range(SIZE[1] // s)]

Array = NDArray[np.float32]
Box = tuple[float, float, float, float, float, int]


def manifest(decoding: Decoding, classes: int = 3) -> ModelManifest:
    return ModelManifest(
        name="tiny", version="1", task="detect", classes=tuple("abcdefghij"[:classes]),
        decoding=decoding, input=ModelInput("images", *SIZE), sha256="0" * 64,
    )  # fmt: skip


def decode(output: Any, decoding: Decoding, iou: float = 0.5, **options: Any) -> list[Box]:
    """Boxes as rows: left, top, right, bottom, score, class."""
    array = np.asarray(output, np.float32)
    found = decode_output(array, manifest(decoding), size=SIZE, iou=iou, **options)
    assert (found.xyxy.dtype, found.score.dtype, found.class_id.dtype) == (
        np.float32, np.float32, np.int32,
    )  # fmt: skip
    assert found.xyxy.shape == (len(found), 4)
    columns = zip(found.xyxy.tolist(), found.score.tolist(), found.class_id.tolist(), strict=True)
    return [(*box, score, label) for box, score, label in columns]


def raw(*rows: tuple[float, ...]) -> Array:
    return np.array(rows, np.float32).reshape(-1, 7).T


def rounded(boxes: list[Box]) -> list[Box]:
    return [tuple(round(value, 3) for value in box) for box in boxes]  # type: ignore[misc]


def test_raw_boxes_become_corners_with_their_best_class() -> None:
    output = raw((20, 30, 10, 20, 0.1, 0.9, 0.2), (60, 20, 8, 4, 0.3, 0.2, 0.1))
    assert rounded(decode(output, "raw")) == [
        (15, 20, 25, 40, 0.9, 1), (56, 18, 64, 22, 0.3, 0),
    ]  # fmt: skip


def test_grid_boxes_are_offsets_from_their_cell() -> None:
    output = np.zeros((len(CELLS), 8), np.float32)
    row = CELLS.index((16, 2, 3))
    output[row] = (0.5, 0.25, math.log(2), math.log(1.5), 0.8, 0.1, 0.2, 0.5)
    # centre ((3 + 0.5) * 16, (2 + 0.25) * 16) = (56, 36); sides 32 and 24
    assert rounded(decode(output, "grid")) == [(40, 24, 72, 48, 0.4, 2)]


def test_end2end_boxes_are_taken_as_they_are() -> None:
    output = [(1, 2, 30, 40, 0.5, 2), (1, 2, 30, 41, 0.9, 0), (1, 2, 3, 4, 0.04, 1)]
    assert rounded(decode(output, "end2end", iou=0.1)) == [
        (1, 2, 30, 41, 0.9, 0), (1, 2, 30, 40, 0.5, 2),
    ]  # fmt: skip


def test_one_place_holds_one_object_whatever_its_class() -> None:
    output = raw((20, 20, 10, 10, 0.6, 0, 0), (20, 20, 10, 11, 0, 0.7, 0), (60, 20, 9, 9, 0, 0, 1))
    assert [box[5] for box in decode(output, "raw")] == [2, 1]


def test_only_boxes_above_the_limit_are_dropped() -> None:
    # Two boxes of 10 x 10, the second 5 to the right: overlap 50, union 150, IoU exactly 1/3.
    output = raw((20, 20, 10, 10, 0.9, 0, 0), (25, 20, 10, 10, 0.8, 0, 0))
    assert len(decode(output, "raw", iou=0.34)) == 2
    assert len(decode(output, "raw", iou=0.33)) == 1
    half = raw((20, 20, 10, 10, 0.9, 0, 0), (20, 20, 10, 20, 0.8, 0, 0))
    assert len(decode(half, "raw", iou=0.5)) == 2


def test_a_dropped_box_drops_no_other() -> None:
    chain = raw(*((20 + 4 * k, 20, 10, 10, 0.9 - 0.1 * k, 0, 0) for k in range(3)))
    assert [round(box[0]) for box in decode(chain, "raw", iou=0.4)] == [15, 23]


def test_equal_scores_keep_the_order_of_the_output() -> None:
    centres = np.random.default_rng(0).permutation(50) * 20 + 10
    output = raw(*((x, 20, 10, 10, 0.5, 0, 0) for x in centres))
    assert [box[0] for box in decode(output, "raw")] == (centres - 5).tolist()


@pytest.mark.parametrize("decoding", ["raw", "grid", "end2end"])
def test_nothing_gives_no_boxes(decoding: Decoding) -> None:
    shape = {"raw": (7, 0), "grid": (len(CELLS), 8), "end2end": (0, 6)}[decoding]
    assert decode(np.zeros(shape), decoding) == []
    full = {"raw": (7, 10), "grid": (len(CELLS), 8), "end2end": (300, 6)}[decoding]
    assert decode(np.zeros(full), decoding) == []


def test_the_least_score_is_kept() -> None:
    output = raw((20, 20, 9, 9, 0.05, 0, 0), (50, 20, 9, 9, 0.0499, 0, 0))
    assert len(decode(output, "raw")) == 1
    assert len(decode(output, "raw", min_score=0.04)) == 2


def test_boxes_that_are_no_boxes_are_left_out() -> None:
    bad = [(math.nan, 20, 9, 9), (20, math.inf, 9, 9), (20, 20, 0, 9), (20, 20, 9, -1)]
    assert decode(raw(*((*box, 0.9, 0, 0) for box in bad)), "raw") == []
    assert decode(raw((20, 20, 9, 9, math.nan, math.nan, math.nan)), "raw") == []
    overflow = np.zeros((len(CELLS), 8), np.float32)
    overflow[3] = (0, 0, 200, 200, 1, 1, 0, 0)
    assert decode(overflow, "grid") == []


def test_gives_300_boxes_at_most() -> None:
    rows = [(20 * (k % 40) + 10, 20 * (k // 40) + 10, 9, 9, 0.9, 0, 0) for k in range(400)]
    assert len(decode(raw(*rows), "raw")) == MAX_BOXES
    corners = [(10 * k, 0, 10 * k + 5, 5, 0.9, 0) for k in range(400)]
    assert len(decode(corners, "end2end")) == MAX_BOXES


@pytest.mark.parametrize(
    ("decoding", "shape"),
    [
        ("raw", (84, 126)),
        ("raw", (1, 7, 126)),
        ("grid", (len(CELLS), 85)),
        ("grid", (len(CELLS) - 1, 8)),
        ("end2end", (300, 7)),
        ("end2end", (300,)),
    ],
)
def test_refuses_an_output_of_another_shape(decoding: Decoding, shape: tuple[int, ...]) -> None:
    with pytest.raises(ModelError, match=r"tiny@1.*3 classes") as refusal:
        decode(np.zeros(shape), decoding)
    assert refusal.value.code == "model_does_not_fit"


@pytest.mark.parametrize("number", [3, -1, math.nan])
def test_refuses_a_class_without_a_name(number: float) -> None:
    with pytest.raises(ModelError, match="3 classes"):
        decode([(1, 2, 3, 4, 0.9, number)], "end2end")


def test_the_grid_follows_the_size_that_was_used() -> None:
    output = np.zeros((32 * 32 // 64 + 4 + 1, 8), np.float32)
    output[16] = (0, 0, 0, 0, 1, 1, 0, 0)  # first cell of stride 16
    found = decode_output(output, manifest("grid"), size=(32, 32), iou=0.5)
    assert found.xyxy.tolist() == [[-8, -8, 8, 8]]


def slow_twin(output: Array, decoding: Decoding, iou: float, min_score: float) -> list[Box]:
    """The same, written box by box from the definitions."""
    rows = output.T if decoding == "raw" else output
    boxes: list[Box] = []
    for number, row in enumerate(rows):
        values = [float(value) for value in row]
        scores = values[4:]
        cx, cy, width, height = values[:4]
        if decoding == "grid":
            stride, y, x = CELLS[number]
            cx, cy = (cx + x) * stride, (cy + y) * stride
            width, height = math.exp(width) * stride, math.exp(height) * stride
            scores = [float(np.float32(row[4]) * np.float32(score)) for score in row[5:]]
        if max(scores) >= min_score:
            corners = (cx - width / 2, cy - height / 2, cx + width / 2, cy + height / 2)
            boxes.append((*corners, max(scores), scores.index(max(scores))))
    kept: list[Box] = []
    for box in sorted(boxes, key=lambda box: -box[4]):
        if all(_iou(box, better) <= iou for better in kept):
            kept.append(box)
    return kept[:MAX_BOXES]


def _iou(a: Box, b: Box) -> float:
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    common = width * height
    return common / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - common)


def random_output(random: np.random.Generator, decoding: Decoding) -> Array:
    """Crowded boxes; scores rounded, so that many are equal."""
    rows = len(CELLS)
    scores = np.round(random.beta(0.5, 2, (rows, 4)), 1 + int(random.integers(3)))
    if decoding == "grid":
        box = random.normal(0, 1, (rows, 4))
        return np.concatenate([box, scores], axis=1).astype(np.float32)
    box = np.concatenate([random.uniform(0, 96, (rows, 2)), random.uniform(5, 50, (rows, 2))], 1)
    return np.concatenate([box, scores[:, :3]], axis=1).T.astype(np.float32)


@pytest.mark.parametrize("decoding", ["raw", "grid"])
@pytest.mark.parametrize("seed", range(30))
def test_agrees_with_the_slow_twin(decoding: Decoding, seed: int) -> None:
    random = np.random.default_rng(seed)
    output = random_output(random, decoding)
    iou = float(random.uniform(0.2, 0.9))
    found = decode(output, decoding, iou=iou)
    expected = slow_twin(output, decoding, iou, 0.05)
    assert [box[5] for box in found] == [box[5] for box in expected]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-3)
    assert decode(output.copy(order="F"), decoding, iou=iou) == found
