"""A process that is killed while it sends: nothing is lost, and copies carry one id."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
import pytest

from shared.db.database import Database
from shared.domain.notification import DeliveryState
from tests.support.receivers import mail_receiver, until, web_receiver
from tests.support.rows import stored_task
from tests.support.telling import deliveries, failed, hear, rule, states

ROOT = Path(__file__).parents[2]


@contextmanager
def _notifier(database_url: str, **channels: str) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.notifier_process", database_url],
        cwd=ROOT, env={**os.environ, "TRACKLOOP_NOTIFY_URLS": orjson.dumps(channels).decode()},
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.mark.slow
def test_a_webhook_killed_in_mid_send_arrives_again_under_its_id(
    database: Database, database_url: str
) -> None:
    with web_receiver() as web:
        web.open.clear()
        rule(database, "hook")
        event = failed(stored_task(database))
        hear(database, event)
        for kills in range(1, 3):
            with _notifier(database_url, hook=web.webhook()):
                until(lambda kills=kills: len(web.posts) == kills)  # type: ignore[misc]
                assert states(database) == [DeliveryState.SENDING]
        web.open.set()
        with _notifier(database_url, hook=web.webhook()):
            until(lambda: states(database) == [DeliveryState.SENT])
    assert [post.headers["webhook-id"] for post in web.posts] == [event.id] * 3
    assert len({post.body for post in web.posts}) == 1
    assert deliveries(database)[0].attempts == 3


@pytest.mark.slow
def test_a_mail_killed_in_mid_send_arrives_twice_at_most(
    database: Database, database_url: str
) -> None:
    with mail_receiver() as mail:
        mail.open.clear()
        rule(database, "mail")
        hear(database, failed(stored_task(database)))
        with _notifier(database_url, mail=mail.url()):
            until(lambda: mail.seen == 1)
        mail.open.set()
        with _notifier(database_url, mail=mail.url()):
            until(lambda: states(database) == [DeliveryState.SENT])
    assert mail.seen == 2
