"""results.csv."""

import csv
from dataclasses import replace
from pathlib import Path

from shared.pipeline.tools import Tools
from tests.support.finished_task import FinishedTask, finished_task
from workers.results.csv_file import HEADER, write_csv


def read(finished: FinishedTask) -> list[dict[str, str]]:
    with (finished.results / "results.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_box_is_a_row_of_rounded_pixels_seconds_and_score(finished: FinishedTask) -> None:
    write_csv(finished.tools, finished.task)
    lines = (finished.results / "results.csv").read_text().splitlines()
    names = "frame_index,time_seconds,track_id,class_id,class_name,confidence,x1,y1,x2,y2"
    assert lines[0] == names
    assert lines[4] == "3,0.300000,1,0,person,0.8750,43.00,100.00,83.00,180.00"


def test_every_tracked_box_is_there_in_order(finished: FinishedTask) -> None:
    write_csv(finished.tools, finished.task)
    found = [(int(row["frame_index"]), int(row["track_id"])) for row in read(finished)]
    assert found == [(frame, track) for frame, track, *_ in finished.rows]


def test_a_class_name_with_a_comma_survives(finished: FinishedTask) -> None:
    write_csv(finished.tools, finished.task)
    assert {row["class_name"] for row in read(finished)} == {"person", "dog, large"}


def test_zero_is_never_negative(tools: Tools) -> None:
    finished = finished_task(tools, rows=[(0, 1, 0, 0.5, -0.0, -0.001, 10.0, 10.0)])
    write_csv(tools, finished.task)
    assert (read(finished)[0]["x1"], read(finished)[0]["y1"]) == ("0.00", "0.00")


def test_a_video_without_tracks_gives_the_header_only(tools: Tools) -> None:
    finished = finished_task(tools, rows=[])
    write_csv(tools, finished.task)
    text = (finished.results / "results.csv").read_text()
    assert text == ",".join(HEADER) + "\n"


def test_writing_again_gives_the_same_bytes_and_leaves_nothing_else(finished: FinishedTask) -> None:
    write_csv(finished.tools, finished.task)
    first = (finished.results / "results.csv").read_bytes()
    write_csv(finished.tools, replace(finished.task, source="elsewhere.mp4"))
    assert (finished.results / "results.csv").read_bytes() == first
    assert sorted(_names(finished.results)) == ["results.csv", "tracks.parquet"]


def _names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]
