"""`trackloop notify` and `trackloop webhooks`, on a database of their own."""

from pathlib import Path

import orjson
import pytest
from standardwebhooks import Webhook
from typer.testing import CliRunner, Result

from cli.main import app
from shared.db.database import Database
from shared.errors import TrackloopError
from shared.notifications.webhook import check_secret
from shared.settings import load_settings
from tests.support.network import free_port
from tests.support.receivers import web_receiver
from tests.support.rows import stored_task
from tests.support.telling import deliveries, failed, hear


@pytest.fixture(autouse=True)
def _own_storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKLOOP_STORAGE_URL", (tmp_path / "storage").as_uri())
    monkeypatch.setenv(
        "TRACKLOOP_NOTIFY_URLS", '{"slack": "slack+https://hooks.example/services/secret"}'
    )
    monkeypatch.setenv("COLUMNS", "200")


def _call(*arguments: object) -> Result:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 0, (result.output, result.exception)
    return result


def _refusal(*arguments: object) -> TrackloopError:
    error = CliRunner().invoke(app, [str(argument) for argument in arguments]).exception
    assert isinstance(error, TrackloopError)
    return error


def test_rules_are_made_listed_and_removed() -> None:
    add = ("notify", "rules", "add")
    operators = _call(
        *add, "--channel", "slack", "--step", "track", "--outcome", "failed", "--user", "ada",
        "--priority", "high", "--quiet", 60, "--name", "trouble",
    ).stdout.strip()  # fmt: skip
    adas, secret = _call(
        *add, "--url", "https://hooks.example/x?key=1", "--owner", "ada"
    ).stdout.split()
    check_secret(secret)
    listed = _call("notify", "rules", "list")
    assert "outcomes: failed; steps: track; users: ada; priority high" in listed.stdout
    assert "everything; priority normal" in listed.stdout
    rules = orjson.loads(_call("notify", "rules", "list", "--json").stdout)
    assert [rule["id"] for rule in rules] == [operators, adas]
    assert [rule["owner"] for rule in rules] == [None, "ada"]
    assert secret not in str(rules)
    assert "key=1" not in str(rules)
    _call("notify", "rules", "remove", operators)
    assert _refusal("notify", "rules", "remove", operators).code == "no_such_rule"
    assert _refusal(*add, "--channel", "pigeon").code == "unknown_channel"
    assert _refusal(*add).code == "bad_rule"


def test_what_waits_is_listed_and_tried_again() -> None:
    _call("notify", "rules", "add", "--channel", "slack")
    database = Database(load_settings().database_url)
    task_id = stored_task(database)
    hear(database, failed(task_id))
    (row,) = deliveries(database)
    assert "waiting" in _call("notify", "list").stdout
    (shown,) = orjson.loads(_call("notify", "list", "--json", "--task", task_id).stdout)
    assert (shown["id"], shown["type"], shown["state"]) == (row.id, "task.failed.v1", "waiting")
    assert orjson.loads(_call("notify", "list", "--json", "--state", "dead").stdout) == []
    _call("notify", "retry", row.id)
    assert _refusal("notify", "retry", "nothing").code == "no_such_notification"
    database.close()


def test_a_ping_is_signed_and_its_answer_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    with web_receiver() as web:
        monkeypatch.setenv("TRACKLOOP_NOTIFY_URLS", orjson.dumps({"ops": web.webhook()}).decode())
        said = _call("webhooks", "ping", "ops").stdout
        _call("webhooks", "ping", web.url(), "--secret", web.secret)
        own = _call("webhooks", "ping", web.url()).stdout
    assert "answer: HTTP 200" in said
    for post, secret in zip(web.posts, (web.secret, web.secret, own.split()[1]), strict=True):
        event = Webhook(secret).verify(post.body, post.headers)
        assert event["type"] == "webhook.ping.v1"
    assert f"webhook-id: {web.posts[0].headers['webhook-id']}" in said


def test_a_ping_that_is_not_taken_fails() -> None:
    with web_receiver() as web:
        web.status = 403
        assert _refusal("webhooks", "ping", web.url()).code == "receiver_refused"
    away = f"http://127.0.0.1:{free_port()}/"
    assert _refusal("webhooks", "ping", away).code == "receiver_unreachable"
    assert _refusal("webhooks", "ping", "slack").code == "no_webhook"
    assert _refusal("webhooks", "ping", "nobody").code == "no_webhook"
    assert _refusal("webhooks", "ping", away, "--secret", "short").code == "bad_secret"


def test_a_ping_of_a_rule_goes_where_the_service_would(monkeypatch: pytest.MonkeyPatch) -> None:
    with web_receiver() as web:
        url = web.url().replace("127.0.0.1", "localhost")
        rule, secret = _call("notify", "rules", "add", "--url", url).stdout.split()
        assert _refusal("webhooks", "ping", rule).code == "address_forbidden"
        monkeypatch.setenv("TRACKLOOP_ALLOWED_NETWORKS", '["127.0.0.0/8", "::1/128"]')
        _call("webhooks", "ping", rule)
    (post,) = web.posts
    Webhook(secret).verify(post.body, post.headers)
