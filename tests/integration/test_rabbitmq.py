"""The same room on RabbitMQ and PostgreSQL: nothing but URLs differs."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from shared.db.database import Database
from shared.domain.step import StepRef
from shared.domain.task import TaskState
from shared.messaging.exchange import dead_queue
from tests.support.databases import PostgresServer
from tests.support.rabbitmq import rabbitmq_url
from tests.support.running_toy import RunningToy, running_toy
from tests.support.toy import STEPS

pytestmark = pytest.mark.alone


@pytest.fixture(scope="module")
def amqp_url() -> str:
    """A real RabbitMQ."""
    return rabbitmq_url()


@contextmanager
def _room(postgres: PostgresServer, folder: Path, amqp_url: str) -> Iterator[RunningToy]:
    with postgres.fresh(folder) as url:
        database = Database(url)
        with running_toy(database, folder, broker_url=amqp_url) as room:
            yield room
        database.close()
        _delete_queues(room)


def _delete_queues(room: RunningToy) -> None:
    names = [queue.name for queue in room.running.app.amqp.queues.values()]
    names += [f"trackloop.workers-{room.toy.token}", dead_queue(f"workers-{room.toy.token}").name]
    with room.running.app.connection_for_write() as connection, connection.channel() as channel:
        for name in names:
            channel.queue_delete(name)


def test_lost_and_doubled_messages_change_nothing(
    postgres: PostgresServer, tmp_path: Path, amqp_url: str
) -> None:
    with _room(postgres, tmp_path, amqp_url) as room:

        def doubled(ref: StepRef) -> bool:
            room.send(ref)
            return True

        task_ids = []
        for name in STEPS:
            for fault in (doubled, lambda ref: False):
                task_ids.append(room.submit(begin=False))
                room.worker.faults[task_ids[-1], name] = fault
        room.wait_for_end(*task_ids)
        assert not room.worker.faults
        for task_id in task_ids:
            assert room.status(task_id).state == TaskState.SUCCEEDED
            assert room.toy.runs_of(task_id) == room.toy.expected(task_id)
        assert room.rings().total() == len(STEPS)
