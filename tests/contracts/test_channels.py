"""Every channel over a real receiver: the words arrive, and a fault is told without a secret."""

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import orjson
import pytest
from standardwebhooks import Webhook

from shared.domain.notification import Priority
from shared.errors import InvalidInputError, PermanentError, TransientError
from shared.events.envelope import compose
from shared.events.task import TaskFailed
from shared.notifications.adapters import open_channel
from shared.notifications.port import Message, ReceiverGoneError
from shared.notifications.templates import render
from tests.support.network import free_port
from tests.support.receivers import MailReceiver, WebReceiver, mail_receiver, web_receiver

TASK = "0198c0de-0000-7000-8000-000000000001"


def _message(about: str = "visit <1> & 2.mp4") -> Message:
    fault = "The model is <!channel> gone.\r\nBcc: eve@example.org"
    data = TaskFailed(user_id="ada", step="track", code="no_model", message=fault)
    event = compose(data, room="workers", task_id=TASK, correlation_id="c")
    return render(event, about, Priority.HIGH, "https://trackloop.example")  # type: ignore[arg-type]


@dataclass(frozen=True)
class Case:
    """A channel with its receiver, and what arrived there as text."""

    url: str
    receiver: WebReceiver | MailReceiver
    arrived: Callable[[], list[str]]


def _slack(stack: ExitStack) -> Case:
    web = stack.enter_context(web_receiver())
    return Case(web.slack(), web, lambda: [orjson.loads(post.body)["text"] for post in web.posts])


def _webhook(stack: ExitStack) -> Case:
    web = stack.enter_context(web_receiver())
    return Case(
        web.webhook(), web, lambda: [orjson.loads(p.body)["data"]["text"] for p in web.posts]
    )


def _mail(stack: ExitStack) -> Case:
    mail = stack.enter_context(mail_receiver())
    return Case(mail.url(), mail, lambda: [each.get_content() for each in mail.mails])


@pytest.fixture(params=[_slack, _webhook, _mail], ids=["slack", "webhook", "mail"])
def case(request: pytest.FixtureRequest) -> Iterator[Case]:
    with ExitStack() as stack:
        yield request.param(stack)


def test_a_message_arrives_once_with_what_happened_and_where_to_look(case: Case) -> None:
    open_channel("ops", case.url).send(_message())
    (text,) = case.arrived()
    for words in ("The step track failed", f"Task: {TASK}", "User: ada", "(no_model)",
                  f"Status: https://trackloop.example/status/{TASK}"):  # fmt: skip
        assert words in text


def test_a_receiver_that_is_away_may_be_tried_again(case: Case) -> None:
    channel = open_channel("ops", case.url.replace(str(case.receiver.port), str(free_port())))
    with pytest.raises(TransientError, match="ops") as failed:
        channel.send(_message())
    assert "token" not in failed.value.message


def test_nothing_secret_is_told_or_logged(case: Case, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    channel = open_channel("ops", case.url)
    channel.send(_message())
    if isinstance(case.receiver, WebReceiver):
        case.receiver.status = 500
    else:
        case.receiver.refuses = True
    with pytest.raises(TransientError) as failed:
        channel.send(_message())
    told = f"{channel!r} {failed.value.message} {caplog.text}"
    for secret in ("token-of-slack", "whsec_"):
        assert secret not in told


def test_slack_reads_no_mention_in_what_users_name() -> None:
    message = _message()
    with web_receiver() as web:
        open_channel("ops", web.slack()).send(message)
    (post,) = web.posts
    assert post.path == "/services/T0/B0/token-of-slack"
    assert orjson.loads(post.body) == {
        "text": "*[high] visit &lt;1&gt; &amp; 2.mp4: failed at track*\n"
        "The step track failed: The model is &lt;!channel&gt; gone. Bcc: eve@example.org "
        "(no_model)\n\n"
        f"Task: {TASK}\n"
        "User: ada\n"
        f"Time: {message.time:%Y-%m-%d %H:%M:%S} UTC\n"
        f"Status: https://trackloop.example/status/{TASK}"
    }


def test_mail_has_one_subject_and_no_header_of_a_users() -> None:
    with mail_receiver() as server:
        open_channel("ops", server.url()).send(_message(about="a\r\nBcc: eve@example.org\r\n.mp4"))
    (mail,) = server.mails
    assert mail["subject"] == "[high] a Bcc: eve@example.org .mp4: failed at track"
    assert mail["bcc"] is None
    assert server.recipients == [["ada@example.org"]]
    assert mail.get_content_type() == "text/plain"


def test_a_webhook_is_signed_and_names_the_event_and_the_moment() -> None:
    message = _message()
    with web_receiver() as web:
        open_channel("ops", web.webhook()).send(message)
        open_channel("ops", web.webhook()).send(message)
    first, second = web.posts
    for post in (first, second):
        body: Any = Webhook(web.secret).verify(post.body, post.headers)
        headers = {name.lower(): value for name, value in post.headers.items()}
        assert headers["webhook-id"] == message.id
    assert first.body == second.body, "copies are equal"
    assert body["type"] == "task.failed.v1"
    assert body["timestamp"] == message.time.isoformat()
    assert body["data"] | {"title": "", "text": "", "message": ""} == {
        "task_id": TASK, "user_id": "ada", "step": "track", "code": "no_model", "outcome": "failed",
        "priority": "high", "about": "visit <1> & 2.mp4", "title": "", "text": "", "message": "",
        "url": f"https://trackloop.example/status/{TASK}",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("status", "error"),
    [(410, ReceiverGoneError), (404, PermanentError), (302, PermanentError), (429, TransientError),
     (408, TransientError), (425, TransientError), (503, TransientError)],
)  # fmt: skip
def test_what_a_status_means(status: int, error: type[Exception]) -> None:
    with web_receiver() as web:
        web.status = status
        with pytest.raises(error, match=str(status)):
            open_channel("ops", web.webhook()).send(_message())
    assert len(web.posts) == 1, "redirects are not followed"


@pytest.mark.parametrize(
    "url",
    [
        "ops", "carrier-pigeon://secret@loft", "mailto://ada:secret@", "slack+https://",
        "webhook+https://host/path", "webhook+https://host/path?secret=whsec_secret",
        "webhook+https://host/path?secret=c2VjcmV0", "webhook+ftp://secret/",
        "mailto://ada:secret@example.org?to=ada@example.org,bob@example.org",
    ],
)  # fmt: skip
def test_a_url_that_cannot_work_is_refused_without_being_shown(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(InvalidInputError, match="'ops'") as refused:
        open_channel("ops", url)
    assert refused.value.code == "bad_channel"
    told = f"{refused.value.message} {refused.value.__cause__} {caplog.text}"
    assert "c2VjcmV0" not in told
    assert "ada:" not in told
    assert "secret@" not in told
