"""run.json."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from shared.storage.documents import write_document
from shared.storage.files import sha256_of
from shared.version import trackloop_version
from tests.support.finished_task import KEY, FinishedTask
from workers.results.chunk_files import write_chunks
from workers.results.csv_file import write_csv
from workers.results.run_record import record_run


def recorded(finished: FinishedTask) -> Any:
    record_run(finished.tools, finished.task)
    return json.loads((finished.results / "run.json").read_bytes())


def test_every_artefact_is_listed_with_hash_and_size(finished: FinishedTask) -> None:
    write_csv(finished.tools, finished.task)
    write_chunks(finished.tools, finished.task)
    (finished.results / ".part-of-something").touch()
    recorded(finished)
    listed = recorded(finished)["artefacts"]  # the second time, the record itself lies there too
    names = ["chunks/result_chunk_0.json", "results.csv", "tracks.parquet"]
    assert [entry["name"] for entry in listed] == names
    for entry in listed:
        file = finished.results / entry["name"]
        assert (entry["sha256"], entry["size"]) == (sha256_of(file), file.stat().st_size)


def test_it_says_from_what_when_and_where(finished: FinishedTask) -> None:
    record = recorded(finished)
    assert record["task_id"] == "task"
    assert record["video"]["sha256"] == finished.meta.sha256
    assert record["video"]["lost"] == list(finished.meta.lost)
    assert (record["model"]["name"], record["model"]["version"]) == ("scene", "1")
    assert record["used"] == {"confidence": 0.25, "iou": 0.7}
    assert record["host"]
    age = datetime.now(UTC) - datetime.fromisoformat(record["finished_at"])
    assert 0 <= age.total_seconds() < 60


def test_the_secrets_of_a_source_are_left_out(finished: FinishedTask) -> None:
    task = replace(finished.task, source="https://host/v.mp4?token=secret")
    assert recorded(replace(finished, task=task))["source"] == "https://host/v.mp4"


def test_the_runtime_is_taken_from_the_detections(finished: FinishedTask) -> None:
    assert recorded(finished)["runtime"] is None
    write_document(finished.tools.paths.provenance(KEY), {"runtime": "onnx"})
    assert recorded(finished)["runtime"] == {"runtime": "onnx"}


def test_settings_are_named_one_by_one(finished: FinishedTask) -> None:
    assert set(recorded(finished)["settings"]) == {"inference_url", "threads", "chunk_seconds"}


def test_the_version_is_that_of_the_project() -> None:
    assert trackloop_version().count(".") == 2
