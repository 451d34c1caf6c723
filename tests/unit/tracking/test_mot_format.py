"""MOTChallenge text."""

from pathlib import Path

import numpy as np
import pytest

from shared.domain.detection import TrackedDetections
from shared.errors import InvalidInputError
from shared.tracking.mot_format import MotRows, mot_lines, read_mot


def read(tmp_path: Path, text: str) -> MotRows:
    (tmp_path / "mot.txt").write_text(text)
    return read_mot(tmp_path / "mot.txt")


def test_lines_are_written_as_evaluation_tools_expect() -> None:
    tracked = TrackedDetections(
        xyxy=np.array([[10, 20.123, 30.5, 60]], np.float32),
        score=np.array([0.87654], np.float32),
        class_id=np.array([2], np.int32),
        track_id=np.array([7], np.int32),
    )
    assert list(mot_lines(4, tracked)) == ["5,7,10.00,20.12,20.50,39.88,0.8765,3,-1,-1\n"]


def test_rows_come_by_frame_and_otherwise_in_the_order_of_the_file(tmp_path: Path) -> None:
    rows = read(tmp_path, "2,9,1,1,5,5\n1,4,1,1,5,5\n2,3,1,1,5,5\n")
    assert rows.frame.tolist() == [1, 2, 2]
    assert rows.track_id.tolist() == [4, 9, 3]


def test_what_a_line_leaves_out_has_a_default(tmp_path: Path) -> None:
    rows = read(tmp_path, "1,1,0,0,5,5\n")
    assert (rows.confidence[0], rows.class_id[0], rows.visibility[0]) == (1, -1, -1)


def test_ground_truth_columns_are_read(tmp_path: Path) -> None:
    rows = read(tmp_path, "1,1,0,0,5,5,0,7,0.25\n")
    assert (rows.confidence[0], rows.class_id[0], rows.visibility[0]) == (0, 7, 0.25)


@pytest.mark.parametrize(
    "text",
    [
        "1,-1,1.5,2,3,4,0.5,-1,-1,-1\n",
        "1 -1 1.5 2 3 4 0.5 -1 -1 -1\n",
        "1\t-1\t1.5\t2\t3\t4\t0.5\n",
        "1, -1, 1.5, 2, 3, 4, 0.5\n",
        "\ufeff\n1.0,-1,1.5,2.0,3e0,4,0.5\r\n\r\n",
    ],
)
def test_commas_white_space_and_blank_lines_are_understood(tmp_path: Path, text: str) -> None:
    rows = read(tmp_path, text)
    assert rows.ltwh.tolist() == [[1.5, 2, 3, 4]]
    assert (rows.track_id[0], rows.confidence[0]) == (-1, 0.5)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("frame,id,x,y,w,h", "line 2: frame 'frame' is not a number"),
        ("1,1,5,5,5", "line 2: 5 columns where at least 6 are needed"),
        ("1,1,5,5,5,5,1,", "line 2: class '' is not a number"),
        ("1,1,,5,5,5", "line 2: left '' is not a number"),
        ("1,1,nan,5,5,5", "line 2: left nan is not a finite number"),
        ("1,1,5,5,inf,5", "line 2: width inf is not a finite number"),
        ("1,1,5,5,0,5", "line 2: width 0 is not above 0"),
        ("1,1,5,5,5,-2", "line 2: height -2 is not above 0"),
        ("0,1,5,5,5,5", "line 2: frame 0 is below 1"),
        ("1.5,1,5,5,5,5", "line 2: frame 1.5 is not a whole number"),
        ("1e300,1,5,5,5,5", "line 2: frame 1e[+]300 is not a whole number"),
        ("1,1.5,5,5,5,5", "line 2: id 1.5 is not a whole number"),
        ("\x00\xff", "line 2: 1 columns"),
    ],
)
def test_a_faulty_line_is_named(tmp_path: Path, line: str, fault: str) -> None:
    with pytest.raises(InvalidInputError, match=f"mot.txt, {fault}") as caught:
        read(tmp_path, f"1,1,0,0,5,5\n{line}\n")
    assert caught.value.code == "bad_mot_file"


def test_a_file_without_lines_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="holds no line"):
        read(tmp_path, "\n \n")


def test_real_files_are_read(test_data: Path) -> None:
    folder = test_data / "mot" / "TUD-Campus"
    counts = {name: len(read_mot(folder / f"{name}.txt")) for name in ("gt", "det", "test")}
    assert counts == {"gt": 359, "det": 321, "test": 222}
    truth = read_mot(folder / "gt.txt")
    assert (truth.frame[0], truth.frame[-1]) == (1, 71)
    assert len(np.unique(truth.track_id)) == 8
    assert (read_mot(folder / "det.txt").track_id == -1).all()
