"""What a host keeps for tasks goes with them."""

from pathlib import Path

from shared.db.database import Database
from shared.domain.task import TaskState
from shared.settings import Settings
from shared.tasks.tidy_cache import tidy_cache
from tests.support.rows import stored_task


def test_checkpoints_and_labels_of_trainings_that_ended_go(
    database: Database, tmp_path: Path
) -> None:
    settings = Settings(cache_folder=tmp_path / "cache")
    live = stored_task(database, pipeline="training", state=TaskState.RUNNING)
    ended = stored_task(database, pipeline="training", state=TaskState.CANCELLED)
    for task_id in (live, ended, "of-an-erased-task"):
        labels = settings.cache_folder / "training" / task_id / "set" / "labels" / "1.txt"
        labels.parent.mkdir(parents=True)
        labels.write_text("0 0.5 0.5 0.1 0.1")
    tidy_cache(settings, database)
    assert [folder.name for folder in (settings.cache_folder / "training").iterdir()] == [live]
    tidy_cache(settings, database)
