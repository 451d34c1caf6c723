"""A step that takes longer than the broker waits for its answer runs once, and its task goes on."""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from shared.db.database import Database
from shared.domain.task import TaskState
from shared.messaging.room import Room, room_on_duty
from tests.support.grounds import StandingServers
from tests.support.private_servers import consumer_timeout
from tests.support.toolbox import toolbox
from tests.support.toy import Toy, ToyRoom
from tests.support.waiting import eventually

pytestmark = pytest.mark.slow

BROKER_WAITS, STEP_TAKES = 2.0, 10.0


@contextmanager
def _worker(folder: Path, *arguments: object) -> Iterator["subprocess.Popen[bytes]"]:
    command = [sys.executable, "-m", "tests.support.prefork_toy", *map(str, arguments)]
    with (
        (folder / "worker.log").open("wb") as log,
        subprocess.Popen(command, stderr=log, start_new_session=True) as process,
    ):
        try:
            yield process
        finally:
            process.terminate()
            process.wait(60)


@pytest.fixture
def impatient(on_servers: StandingServers, tmp_path: Path) -> Iterator[dict[str, str]]:
    """URLs of servers whose broker takes a message back after two seconds."""
    with (
        on_servers.fresh(tmp_path) as urls,
        consumer_timeout(on_servers.servers.rabbitmq, BROKER_WAITS),
    ):
        yield urls


@pytest.mark.parametrize("processes", [1, 2])
def test_it_runs_once_though_the_broker_takes_its_message_back(
    impatient: dict[str, str], tmp_path: Path, processes: int
) -> None:
    """With two processes the copy meets the first run; with one it comes when that has ended."""
    where = impatient["TRACKLOOP_DATABASE_URL"], impatient["TRACKLOOP_BROKER_URL"]
    toy, storage = Toy(), tmp_path / "storage"
    duties = Room(f"workers-{toy.token}", {}, {"toy": toy.pipeline}, lambda _: None)
    with (
        closing(Database(where[0])) as database,
        toolbox(storage) as tools,
        room_on_duty(duties, database, where[1]) as room,
        _worker(tmp_path, *where, storage, toy.token, STEP_TAKES, processes) as worker,
    ):
        here = ToyRoom(database, toy, tools)
        task_id = here.submit()
        eventually(lambda: here.status(task_id).ended_at or worker.poll() is not None, seconds=200)
        said = (tmp_path / "worker.log").read_text()
        assert worker.poll() is None, said
        assert "delivery acknowledgement" in said, "the broker took nothing back"
        assert here.status(task_id).state == TaskState.SUCCEEDED
        assert not room.reconciler.rings
    runs = Counter((tmp_path / "runs").read_text().split())
    assert runs == Counter(name for _, name, _ in toy.expected(task_id))
