"""Old models go when no task needs them; changed ones are told of."""

import logging
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from shared.db.database import Database
from shared.domain.task import (
    AnalysisOptions,
    DeploymentOptions,
    LabelingOptions,
    Options,
    TaskState,
    TrainingOptions,
)
from shared.inference.models import model_store
from shared.settings import Settings
from tests.support.deployed_versions import deploy_versions
from tests.support.rows import task_row
from workers.kept_models import prune_old_models, report_drifts

OLD = "tiny@1"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Four versions, of which the last is to be kept; what would come back is the third."""
    settings = Settings(storage_url=(tmp_path / "storage").as_uri(), keep_versions=1)
    deploy_versions(model_store(settings), 4)
    return settings


def _task(database: Database, pipeline: str, options: Options, **fields: Any) -> None:
    plain = orjson.loads(orjson.dumps(asdict(options)))
    with database.begin() as unit:
        unit.tasks.add(task_row(pipeline=pipeline, options=plain, **fields))


@pytest.mark.parametrize("state", [
    TaskState.QUEUED, TaskState.RUNNING, TaskState.WAITING_FOR_LABELS,
])  # fmt: skip
@pytest.mark.parametrize(("pipeline", "options"), [
    ("video", AnalysisOptions(model=OLD)),
    ("labeling", LabelingOptions(AnalysisOptions(model=OLD), 3)),
    ("training", TrainingOptions("dataset", OLD)),
    ("deployment", DeploymentOptions("training", "dataset", OLD)),
])  # fmt: skip
def test_a_version_that_an_unfinished_task_names_stays(
    database: Database, settings: Settings, pipeline: str, options: Options, state: TaskState
) -> None:
    _task(database, pipeline, options, state=state)
    assert prune_old_models(settings, database) == ["tiny@2"]
    assert model_store(settings).get(OLD).read() == b"tiny 1"


@pytest.mark.parametrize(("minutes", "gone"), [(5, ["tiny@2"]), (90, [OLD, "tiny@2"])])
def test_the_phase_that_follows_a_task_finds_its_version(
    database: Database, settings: Settings, minutes: int, gone: list[str]
) -> None:
    ended = datetime.now(UTC) - timedelta(minutes=minutes)
    labelling = LabelingOptions(AnalysisOptions(model=OLD), 3)
    _task(database, "labeling", labelling, state=TaskState.SUCCEEDED, ended_at=ended)
    assert prune_old_models(settings, database) == gone


def test_a_changed_file_is_logged_with_what_to_do(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    report_drifts(settings)
    assert not caplog.records
    file = model_store(settings).own / "tiny" / "4" / "model.onnx"
    file.write_bytes(b"another")
    report_drifts(settings)
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert f"tiny@4: {file} has changed" in record.message
    assert "rollback tiny" in record.message
