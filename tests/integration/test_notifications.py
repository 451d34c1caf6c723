"""From an event to its receiver, on SQLite and PostgreSQL: once, later, or kept and shown."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import orjson

from shared.db.database import Database
from shared.domain.notification import DeliveryState
from shared.messaging.consumer import react
from shared.messaging.exchange import CONTENT_TYPE, EVENTS
from shared.notifications.retry import retry_delivery
from shared.pipeline.celery_app import celery_app
from shared.tasks.erase import erase_task, finish_erasures
from tests.support.databases import PostgresServer, SqliteFiles
from tests.support.receivers import WebReceiver, mail_receiver, until, web_receiver
from tests.support.rows import stored_task
from tests.support.running_toy import running_toy
from tests.support.telling import (
    QUICK,
    completed,
    deliveries,
    failed,
    hear,
    rule,
    states,
    telling,
)
from workers.notification.main import ROOM
from workers.notification.reactions import REACTIONS
from workers.notification.sender import Sender

SENT = DeliveryState.SENT


def _ids(web: WebReceiver) -> list[str]:
    return [post.headers["webhook-id"] for post in web.posts]


def test_an_event_reaches_every_receiver_whose_rule_wants_it(database: Database) -> None:
    task_id = stored_task(database, source="https://films.example/visit.mp4?token=secret")
    with web_receiver() as web, mail_receiver() as mail:
        channels = {"slack": web.slack(), "hook": web.webhook(), "mail": mail.url()}
        for name in channels:
            rule(database, name, outcomes=("failed",))
        event = failed(task_id)
        hear(database, completed(task_id, "track"), event)
        with telling(database, channels):
            until(lambda: states(database) == [SENT] * 3)
    texts = [orjson.loads(post.body).get("text") for post in web.posts]
    assert sum("*visit.mp4: failed at track*" in (text or "") for text in texts) == 1
    assert [post.headers.get("webhook-id") for post in web.posts].count(event.id) == 1
    assert [each["subject"] for each in mail.mails] == ["visit.mp4: failed at track"]
    told = b"".join(post.body for post in web.posts) + mail.mails[0].as_bytes()
    assert b"secret" not in told
    assert b"http://trackloop.example/status/" + task_id.encode() in told


def test_a_doubled_event_is_told_once(database: Database) -> None:
    event = failed(stored_task(database))
    with web_receiver() as web:
        rule(database, "hook")
        event = failed(event.subject)
        hear(database, event, event)
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: react(database, ROOM, REACTIONS, event), range(8)))
        with telling(database, {"hook": web.webhook()}):
            until(lambda: states(database) == [SENT])
    assert _ids(web) == [event.id]


def test_a_receiver_that_comes_back_gets_what_was_kept(database: Database) -> None:
    task_id = stored_task(database)
    with web_receiver() as web:
        web.status = 503
        rule(database, "hook")
        events = [completed(task_id, name) for name in ("first", "second", "third")]
        hear(database, *events)
        with telling(database, {"hook": web.webhook()}):
            until(lambda: len(web.posts) > 6)
            row = deliveries(database)[0]
            assert row.error_code == "receiver_busy"
            assert "503" in (row.error_message or "")
            web.status = 204
            until(lambda: states(database) == [SENT] * 3)
    assert set(_ids(web)) == {event.id for event in events}
    assert all(row.error_code is None and row.attempts > 1 for row in deliveries(database))


def test_a_receiver_that_hangs_holds_up_nobody_else(database: Database) -> None:
    task_id = stored_task(database)
    with web_receiver() as hanging, web_receiver() as web, mail_receiver() as mail:
        hanging.open.clear()
        channels = {"bad": hanging.webhook(), "good": web.slack(), "mail": mail.url()}
        for name in channels:
            rule(database, name)
        for _ in range(9):
            rule(database, owner="ada", url=hanging.url())
        with telling(database, channels, allowed_networks=[ip_network("127.0.0.0/8")]):
            hear(database, *(completed(task_id, f"step{n}") for n in range(5)))
            until(lambda: len(web.posts) == 5 and len(mail.mails) == 5)
            hanging.open.set()
            until(lambda: set(states(database)) == {SENT})
    texts = [orjson.loads(post.body)["text"].split("*")[1] for post in web.posts]
    assert texts == [f"a.mp4: step{n} completed" for n in range(5)], "in order"


def test_a_channel_that_hangs_delays_no_task(database: Database, tmp_path: Path) -> None:
    with web_receiver() as hanging, running_toy(database, tmp_path) as room:
        hanging.open.clear()
        rule(database, "bad")
        with telling(database, {"bad": hanging.webhook()}):
            task_id = room.submit(begin=False)
            room.wait_for_end(task_id)
            until(lambda: hanging.posts)
            assert room.status(task_id).error is None
            assert SENT not in states(database)
            hanging.open.set()
            # Each of the toy's nine steps, its submission, its video and its end.
            until(lambda: states(database) == [SENT] * 12)
    assert len(set(_ids(hanging))) == 12


def test_what_is_gone_for_good_hears_no_more(database: Database) -> None:
    task_id = stored_task(database)
    with web_receiver() as web:
        web.status = 410
        rule(database, "hook")
        hear(database, failed(task_id))
        with telling(database, {"hook": web.webhook()}):
            until(lambda: states(database) == [DeliveryState.DEAD])
            hear(database, failed(task_id, code="other"))
    assert len(web.posts) == len(deliveries(database)) == 1
    with database.read() as unit:
        assert unit.rules.enabled() == []


def test_what_is_refused_is_given_up_and_sent_when_somebody_asks(database: Database) -> None:
    with web_receiver() as web:
        web.status = 404
        rule(database, "hook")
        hear(database, failed(stored_task(database)))
        with telling(database, {"hook": web.webhook()}):
            until(lambda: states(database) == [DeliveryState.DEAD])
            (row,) = deliveries(database)
            assert (row.error_code, row.attempts) == ("receiver_refused", QUICK.most_refusals)
            web.status = 200
            with database.begin() as unit:
                retry_delivery(unit, row.id, None)
            until(lambda: states(database) == [SENT])
    assert len(set(_ids(web))) == 1


def test_a_rules_webhook_reaches_no_private_address(database: Database) -> None:
    task_id = stored_task(database)
    with web_receiver() as web:
        inside = web.url().replace("127.0.0.1", "localhost")
        rule(database, owner="ada", url=inside)
        hear(database, failed(task_id))
        with telling(database, {}):
            until(lambda: states(database) == [DeliveryState.DEAD])
            (row,) = deliveries(database)
            assert row.error_code == "address_forbidden"
            assert web.posts == []
        with database.begin() as unit:
            retry_delivery(unit, row.id, "ada")
        with telling(database, {}, allowed_networks=[ip_network("127.0.0.0/8"), ip_network("::1")]):
            until(lambda: states(database) == [SENT])
    assert len(web.posts) == 1


def test_the_same_is_not_said_again_so_soon(database: Database) -> None:
    task_id = stored_task(database)
    rule(database, "hook", quiet_seconds=3600)
    hear(database, failed(task_id), failed(task_id), failed(task_id, code="other"))
    waiting, suppressed = DeliveryState.WAITING, DeliveryState.SUPPRESSED
    assert states(database) == [waiting, suppressed, waiting]
    hear(database, failed(stored_task(database)))
    assert states(database)[3:] == [waiting], "another task's"
    rule(database, "other", quiet_seconds=0)
    hear(database, failed(task_id, step="other"), failed(task_id, step="other"))
    assert states(database)[4:] == [waiting, waiting, suppressed, waiting]


def test_what_is_erased_is_told_to_nobody(database: Database) -> None:
    task_id = stored_task(database)
    rule(database, "hook")
    hear(database, completed(task_id, "track"))
    assert len(deliveries(database)) == 1
    with database.begin() as unit:
        erase_task(unit, "ada", task_id)
    hear(database, failed(task_id))
    assert len(deliveries(database)) == 1
    finish_erasures(database, lambda _: None)
    assert deliveries(database) == []
    hear(database, failed(task_id))
    assert deliveries(database) == []


def test_what_waits_for_a_rule_that_is_removed_is_not_sent(database: Database) -> None:
    rule_id = rule(database, "hook")
    hear(database, failed(stored_task(database)))
    with database.begin() as unit:
        found = unit.rules.get(rule_id)
        assert found is not None
        unit.rules.delete(found)
    with web_receiver() as web, telling(database, {"hook": web.webhook()}):
        until(lambda: states(database) == [DeliveryState.DEAD])
    assert web.posts == []


def test_senders_of_many_processes_send_each_message_once(postgres: PostgresServer) -> None:
    sent: list[str] = []
    with postgres.fresh(Path()) as url:
        databases = [Database(url) for _ in range(4)]
        task_id = stored_task(databases[0])
        rule(databases[0], "hook")
        hear(databases[0], *(completed(task_id, f"step{n}") for n in range(40)))
        stop = threading.Event()
        threads = [
            threading.Thread(
                target=Sender(each, lambda job: sent.append(job.id), replace(QUICK, lease=60)).run,
                args=(stop,),
            )
            for each in databases
        ]
        for thread in threads:
            thread.start()
        until(lambda: states(databases[0]) == [SENT] * 40)
        stop.set()
        for thread in threads:
            thread.join()
        for each in databases:
            each.close()
    assert len(sent) == len(set(sent)) == 40


def test_events_come_by_rabbitmq_however_often(
    sqlite_files: SqliteFiles, rabbitmq_url: str, tmp_path: Path
) -> None:
    with sqlite_files.fresh(tmp_path) as database_url, web_receiver() as web:
        database = Database(database_url)
        task_id = stored_task(database)
        rule(database, "hook")
        with telling(database, {"hook": web.webhook()}, broker_url=rabbitmq_url) as running:
            first, last = completed(task_id, "first"), completed(task_id, "last")
            app = celery_app(rabbitmq_url, ())
            with app.producer_or_acquire() as producer:
                for event in (first, first, last):
                    producer.publish(
                        event.to_json(), exchange=EVENTS, routing_key=event.type,
                        content_type=CONTENT_TYPE, content_encoding="utf-8",
                    )  # fmt: skip
            until(lambda: states(database) == [SENT] * 2)
            assert running.dead == []
        database.close()
    assert _ids(web) == [first.id, last.id]


def test_what_the_memory_broker_lost_is_heard_at_the_next_start(
    sqlite_files: SqliteFiles, tmp_path: Path
) -> None:
    with sqlite_files.fresh(tmp_path) as url, web_receiver() as web:
        database = Database(url)
        task_id = stored_task(database)
        before = completed(task_id, "before")
        with database.begin() as unit:
            unit.outbox.add_event(before)
        rule(database, "hook")
        heard, lost = completed(task_id, "heard"), completed(task_id, "lost")
        with database.begin() as unit:
            for event in (heard, lost):
                unit.outbox.add_event(event)
            unit.outbox.mark_sent([row.id for row in unit.outbox.unsent(9)])
        hear(database, heard)
        for _ in range(2):
            with telling(database, {"hook": web.webhook()}):
                until(lambda: states(database) == [SENT] * 2)
        database.close()
    assert _ids(web) == [heard.id, lost.id]
