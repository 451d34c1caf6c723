"""One process at a time, where two would harm each other."""

import subprocess
import sys
from pathlib import Path

import pytest

from shared.db.only_process import only_process
from shared.errors import ConflictError
from shared.settings import REPOSITORY

MEMORY = "memory://"


def _refused(url: str, broker: str = MEMORY) -> bool:
    try:
        with only_process(url, broker):
            return False
    except ConflictError as error:
        assert error.code == "already_running"
        return True


def test_the_second_one_is_refused_until_the_first_has_ended(database_url: str) -> None:
    with only_process(database_url, MEMORY):
        assert _refused(database_url)
    assert not _refused(database_url)


def test_another_name_of_the_file_is_the_same_file(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "real").mkdir()
    with only_process(f"sqlite:///{tmp_path}/real/a.db", MEMORY):
        assert _refused(f"sqlite:///{tmp_path}/link/a.db")
        assert not _refused(f"sqlite:///{tmp_path}/real/b.db")


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_processes_with_a_broker_share_a_server(database_url: str) -> None:
    with only_process(database_url, "amqp://"):
        assert not _refused(database_url, "amqp://")


def test_a_killed_process_holds_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/a.db"
    code = (
        "import time\nfrom shared.db.only_process import only_process\n"
        f"with only_process({url!r}, 'memory://'):\n    print('in', flush=True)\n    time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=REPOSITORY, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"in\n"
        assert _refused(url)
        process.kill()
        process.wait()
    assert not _refused(url)
