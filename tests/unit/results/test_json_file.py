"""results.json."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from shared.domain.task import AnalysisOptions
from shared.exporters.track_summary import summary_json
from shared.pipeline.tools import Tools
from tests.support.finished_task import FinishedTask, finished_task
from tests.support.toolbox import toolbox
from workers import summaries
from workers.results.json_file import write_json

SCHEMA = Path(__file__).parents[3] / "docs" / "schemas" / "results-v1.schema.json"


def written(finished: FinishedTask) -> Any:
    write_json(finished.tools, finished.task)
    return json.loads((finished.results / "results.json").read_bytes())


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(json.loads(SCHEMA.read_text()))


def test_results_follow_the_published_schema(finished: FinishedTask) -> None:
    Draft202012Validator(json.loads(SCHEMA.read_text())).validate(written(finished))


def test_results_without_tracks_follow_it_too(tools: Tools) -> None:
    document = written(finished_task(tools, rows=[]))
    Draft202012Validator(json.loads(SCHEMA.read_text())).validate(document)
    assert (document["tracks"], document["frames"]) == ([], [])


@pytest.mark.parametrize(
    "spoil",
    [
        lambda document: document.pop("units"),
        lambda document: document["frames"][0].pop("time_seconds"),
        lambda document: document["frames"][0]["detections"][0]["bbox_xyxy"].pop(),
        lambda document: document["tracks"][0].update(track_id=0),
    ],
)
def test_the_schema_refuses_what_is_wrong(
    finished: FinishedTask, spoil: Callable[[Any], None]
) -> None:
    document = written(finished)
    spoil(document)
    assert not Draft202012Validator(json.loads(SCHEMA.read_text())).is_valid(document)


def test_only_frames_with_rows_are_listed(tools: Tools) -> None:
    box = (0.5, 1.0, 2.0, 30.0, 40.0)
    document = written(finished_task(tools, rows=[(2, 1, 0, *box), (7, 1, 0, *box)]))
    assert [frame["frame_index"] for frame in document["frames"]] == [2, 7]
    assert document["frames"][1] == {
        "frame_index": 7,
        "time_seconds": 0.7,
        "detections": [
            {
                "track_id": 1,
                "class_id": 0,
                "class_name": "person",
                "confidence": 0.5,
                "bbox_xyxy": [1.0, 2.0, 30.0, 40.0],
            }
        ],
    }


def test_a_track_is_summed_up(finished: FinishedTask) -> None:
    first, second = written(finished)["tracks"]
    assert first["path_pixels"] == 89.0
    assert second == {
        "track_id": 2,
        "class_id": 1,
        "class_name": "dog, large",
        "first_frame": 5,
        "last_frame": 24,
        "first_seconds": 0.5,
        "last_seconds": 2.4,
        "frames": 20,
        "mean_confidence": 0.5,
        "path_pixels": 19.0,
    }


def test_settings_are_those_in_force(tools: Tools) -> None:
    options = AnalysisOptions(model="scene", classes=("person",), confidence=0.4, frame_skip=2)
    settings = written(finished_task(tools, options=options))["settings"]
    assert settings == {
        "classes": ["person"],
        "confidence": 0.4,
        "iou": 0.7,
        "frame_skip": 2,
        "max_frames": None,
        "tracker": "botsort",
        "link": True,
    }


def test_what_was_lost_is_owned_up_to(finished: FinishedTask) -> None:
    assert written(finished)["video"]["lost"] == list(finished.meta.lost)


def test_another_storage_and_another_source_give_the_same_bytes(
    finished: FinishedTask, tmp_path: Path
) -> None:
    written(finished)
    with toolbox(tmp_path / "other") as tools:
        other = finished_task(tools)
        written(replace(other, task=replace(other.task, source="/elsewhere.mp4")))
        assert (other.results / "results.json").read_bytes() == (
            finished.results / "results.json"
        ).read_bytes()


def test_the_database_is_told_the_same_of_a_track(finished: FinishedTask) -> None:
    of_file = written(finished)["tracks"]
    kept = summaries.tracks(finished.tools, finished.task)
    assert [summary_json(track) for track in kept] == of_file
    assert kept[1].max_confidence == 0.5
    assert kept[1].first_box == (200.0, 45.0, 260.25, 95.5)
    assert kept[1].last_box == (200.0, 64.0, 260.25, 114.5)
