"""mot.txt and mot_classes.json."""

import json

from shared.pipeline.tools import Tools
from shared.tracking.mot_format import read_mot
from tests.support.finished_task import FinishedTask, finished_task
from workers.results.mot_file import write_mot


def test_lines_count_frames_and_classes_from_one(finished: FinishedTask) -> None:
    write_mot(finished.tools, finished.task)
    lines = (finished.results / "mot.txt").read_text().splitlines()
    assert lines[0] == "1,1,40.00,100.00,40.00,80.00,0.8750,1,-1,-1"
    assert lines[6] == "6,2,200.00,45.00,60.25,50.50,0.5000,2,-1,-1"


def test_the_names_of_the_classes_lie_beside(finished: FinishedTask) -> None:
    write_mot(finished.tools, finished.task)
    names = json.loads((finished.results / "mot_classes.json").read_bytes())
    assert names == {"1": "person", "2": "dog, large"}


def test_the_reader_reads_it_back(finished: FinishedTask) -> None:
    write_mot(finished.tools, finished.task)
    rows = read_mot(finished.results / "mot.txt")
    assert rows.frame.tolist() == [row[0] + 1 for row in finished.rows]
    assert rows.track_id.tolist() == [row[1] for row in finished.rows]


def test_a_box_without_an_extent_can_still_be_read(tools: Tools) -> None:
    finished = finished_task(tools, rows=[(0, 1, 0, 0.5, 0.0, 5.0, 0.0, 9.0)])
    write_mot(tools, finished.task)
    assert read_mot(finished.results / "mot.txt").ltwh.tolist() == [[0, 5, 0.01, 4]]
