"""`trackloop up` tells people what becomes of a video, whatever their channels do."""

import signal
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from standardwebhooks import Webhook

from tests.support.network import free_port
from tests.support.receivers import (
    MailReceiver,
    WebReceiver,
    mail_receiver,
    until,
    web_receiver,
)
from tests.support.service import Up, up
from tests.support.videos import make_video

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Town:
    """A service and who hears of it: by Slack, by mail, by one that hangs and one that is dead."""

    service: Up
    web: WebReceiver
    mail: MailReceiver


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    with ExitStack() as stack:
        web, hanging = (stack.enter_context(web_receiver()) for _ in range(2))
        mail = stack.enter_context(mail_receiver())
        hanging.open.clear()
        channels = {
            "slack": web.slack(), "mail": mail.url(), "hanging": hanging.webhook(),
            "dead": f"slack+http://127.0.0.1:{free_port()}/services/x",
        }  # fmt: skip
        monkeypatch.setenv("TRACKLOOP_NOTIFY_URLS", orjson.dumps(channels).decode())
        monkeypatch.setenv("TRACKLOOP_ALLOWED_NETWORKS", '["127.0.0.0/8"]')
        service = stack.enter_context(up(tmp_path / "storage"))
        for name in channels:
            assert service.trackloop("notify", "rules", "add", "--channel", name).code == 0
        yield Town(service, web, mail)


def _own_rule(town: Town) -> tuple[httpx.Client, str]:
    """Somebody's own webhook; a client and the secret."""
    http = httpx.Client(base_url=town.service.url, headers={"x-api-key": town.service.key})
    asked = {"url": town.web.url("/own"), "outcomes": ["succeeded"]}
    return http, http.post("/notifications/rules", json=asked).json()["secret"]


def _listed(town: Town, rule_name: str) -> list[dict[str, Any]]:
    listed = orjson.loads(town.service.trackloop("notify", "list", "--json").output)
    return [each for each in listed if each["rule_name"] == rule_name]


def test_a_video_is_told_of_by_slack_mail_and_webhook(town: Town, tmp_path: Path) -> None:
    video = make_video(tmp_path / "visit.mp4", frames=30, size=(320, 192))
    http, secret = _own_rule(town)
    with town.service.client() as client:
        task_id = client.submit(video)
        assert client.wait(task_id)["state"] == "succeeded"
        steps = {step["name"] for step in client.status(task_id)["steps"]}
    # Submitted, downloaded, every step, uploaded, succeeded.
    until(lambda: len(town.mail.mails) == len(steps) + 4)
    until(lambda: len(town.web.posts) >= len(steps) + 5)
    titles = [each["subject"] for each in town.mail.mails]
    assert (titles[0], titles[-1]) == ("visit.mp4: submitted", "visit.mp4: succeeded")
    assert {f"visit.mp4: {step} completed" for step in steps} <= set(titles)

    (own,) = (post for post in town.web.posts if post.path == "/own")
    told = Webhook(secret).verify(own.body, own.headers)
    assert told["data"]["task_id"] == task_id
    assert told["data"]["url"] == f"{town.service.url}/status/{task_id}"
    until(lambda: http.get("/notifications").json()["notifications"][0]["state"] == "sent")
    (known,) = http.get("/notifications").json()["notifications"]
    assert (known["type"], known["event_id"]) == ("task.succeeded.v1", own.headers["webhook-id"])

    of_dead = _listed(town, "dead")
    assert {each["state"] for each in of_dead} <= {"waiting", "sending"}
    assert "receiver_unreachable" in {each["error_code"] for each in of_dead}
    assert http.get("/health").status_code == 200
    assert town.service.stop(signal.SIGTERM) == 0
    assert "token-of-slack" not in town.service.said
