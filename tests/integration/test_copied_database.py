"""A service that moves to another database goes on there with what it had left to do."""

import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from shared.db.copy import copy_database
from shared.db.database import Database
from shared.domain.task import TaskState
from shared.settings import REPOSITORY
from tests.support.databases import PostgresServer, SqliteFiles
from tests.support.running_toy import running_toy
from tests.support.toy import Toy, toy_room
from tests.support.two_databases import dump, fill

_KILLED_BEFORE_THE_COMMIT = """
import os, signal
from shared.db import copy
from shared.db.database import Database
copy._count_on = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
copy.copy_database(Database({source!r}), Database({target!r}))
"""


@pytest.mark.slow
def test_what_was_unsent_is_sent_by_the_service_of_the_target(
    sqlite_files: SqliteFiles, postgres: PostgresServer, tmp_path: Path
) -> None:
    toy = Toy()
    with (
        sqlite_files.fresh(tmp_path) as left,
        postgres.fresh(tmp_path) as entered,
        closing(Database(left)) as source,
        closing(Database(entered)) as target,
    ):
        with toy_room(source, tmp_path / "old") as old:
            submitted = old.submit(begin=False)
        copy_database(source, target)
        with running_toy(target, tmp_path / "new", toy=toy) as room:
            room.wait_for_end(submitted)
            assert room.status(submitted).state == TaskState.SUCCEEDED
            assert toy.runs_of(submitted) == toy.expected(submitted)


def test_a_copy_that_is_killed_leaves_nothing_and_can_be_done_again(
    sqlite_files: SqliteFiles, database_url: str, tmp_path: Path
) -> None:
    (tmp_path / "source").mkdir()
    with (
        sqlite_files.fresh(tmp_path / "source") as url,
        closing(Database(url)) as source,
        closing(Database(database_url)) as target,
    ):
        fill(source)
        code = _KILLED_BEFORE_THE_COMMIT.format(source=url, target=database_url)
        ended = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, check=False)
        assert ended.returncode == -signal.SIGKILL
        assert not any(dump(target).values())
        copy_database(source, target)
        assert dump(target) == dump(source)
