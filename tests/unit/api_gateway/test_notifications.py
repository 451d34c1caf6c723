"""Rules and notifications over HTTP: one's own, and never another's."""

from typing import Any

import pytest

from shared.notifications.make_rule import MOST_RULES
from shared.notifications.webhook import check_secret
from tests.support.gateway import Service
from tests.support.rows import stored_task
from tests.support.telling import failed, hear, rule

HOOK = "https://hooks.example/trackloop?token=t"


def _rule(served: Service, owner: str = "ada", **body: Any) -> dict[str, Any]:
    answer = served.client(owner).post("/notifications/rules", json={"url": HOOK, **body})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def test_a_webhook_gets_a_secret_that_is_shown_once(served: Service) -> None:
    made = _rule(served, steps=["track"], outcomes=["failed"], priority="high", quiet_seconds=60)
    check_secret(made.pop("secret"))
    assert made["url"] == "https://hooks.example/trackloop", "without its query"
    assert made["name"] == "hooks.example"
    assert served.client("ada").get("/notifications/rules").json() == {"rules": [made]}


def test_what_is_left_out_takes_everything(served: Service) -> None:
    made = _rule(served)
    assert (made["steps"], made["outcomes"]) == ([], [])
    assert (made["priority"], made["quiet_seconds"], made["enabled"]) == ("normal", 15, True)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "bad_rule"),
        ({"url": HOOK, "channel": "ops"}, 400, "bad_rule"),
        ({"channel": "ops"}, 400, "unknown_channel"),
        ({"url": "ftp://hooks.example/"}, 400, "bad_url"),
        ({"url": "https://ada:secret@hooks.example/"}, 400, "credentials_in_url"),
        ({"url": "http://127.0.0.1/"}, 400, "address_forbidden"),
        ({"url": "http://2130706433/"}, 400, "address_forbidden"),
        ({"url": "http://[::ffff:10.0.0.1]/"}, 400, "address_forbidden"),
        ({"url": HOOK, "steps": ["a\0"]}, 422, "invalid_option"),
        ({"url": HOOK, "outcomes": ["exploded"]}, 422, "invalid_option"),
        ({"url": HOOK, "quiet_seconds": -1}, 422, "invalid_option"),
        ({"url": HOOK, "users": ["bob"]}, 400, "invalid_request"),
    ],
)
def test_what_cannot_work_is_refused(
    served: Service, body: dict[str, Any], status: int, code: str
) -> None:
    answer = served.client().post("/notifications/rules", json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert "secret" not in answer.text
    assert served.client().get("/notifications/rules").json() == {"rules": []}


def test_rules_and_notifications_of_others_are_not_there(served_on_both: Service) -> None:
    served = served_on_both
    made = _rule(served)
    database = served.gateway.database
    rule(database, "operators", users=("ada",))
    task_id = stored_task(database)
    hear(database, failed(task_id), failed(stored_task(database, owner="bob"), user_id="bob"))
    ada, bob = served.client("ada"), served.client("bob")
    (mine,) = ada.get("/notifications").json()["notifications"]
    assert (mine["task_id"], mine["rule_id"], mine["state"]) == (task_id, made["id"], "waiting")
    for method, path, code in (
        ("DELETE", f"/notifications/rules/{made['id']}", "no_such_rule"),
        ("POST", f"/notifications/{mine['id']}/retry", "no_such_notification"),
    ):
        answer = bob.request(method, path)
        assert (answer.status_code, answer.json()["code"]) == (404, code)
    assert bob.get("/notifications").json() == {"notifications": [], "next": None}
    assert bob.get("/notifications/rules").json() == {"rules": []}
    assert ada.delete(f"/notifications/rules/{made['id']}").status_code == 204
    assert ada.get("/notifications/rules").json() == {"rules": []}


def test_notifications_come_by_page_newest_first(served_on_both: Service) -> None:
    served = served_on_both
    _rule(served, quiet_seconds=0)
    database = served.gateway.database
    task_ids = [stored_task(database) for _ in range(3)]
    hear(database, *(failed(task_id) for task_id in task_ids))
    client = served.client("ada")
    first = client.get("/notifications", params={"limit": 2}).json()
    rest = client.get("/notifications", params={"before": first["next"]}).json()
    found = [each["task_id"] for each in first["notifications"] + rest["notifications"]]
    assert found == task_ids[::-1]
    assert rest["next"] is None
    of_one = client.get("/notifications", params={"task_id": task_ids[1]}).json()["notifications"]
    assert [each["task_id"] for each in of_one] == [task_ids[1]]
    dead = client.get("/notifications", params={"state": ["dead", "sent"]}).json()
    assert dead["notifications"] == []


def test_what_waits_is_tried_now_and_what_was_sent_is_not(served_on_both: Service) -> None:
    served = served_on_both
    _rule(served)
    database = served.gateway.database
    hear(database, *([failed(stored_task(database))] * 1))
    client = served.client("ada")
    (waiting,) = client.get("/notifications").json()["notifications"]
    path = f"/notifications/{waiting['id']}/retry"
    database.deliveries_written.clear()
    again = client.post(path)
    assert (again.status_code, again.json()["state"]) == (200, "waiting")
    assert database.deliveries_written.is_set(), "the sender hears of it"
    with database.begin() as unit:
        row = unit.deliveries.lock(waiting["id"])
        assert row is not None
        row.state, row.due_at = "sent", None
    refused = client.post(path)
    assert (refused.status_code, refused.json()["code"]) == (409, "not_retryable")


def test_nobody_has_rules_without_end(served: Service) -> None:
    for _ in range(MOST_RULES):
        rule(served.gateway.database, owner="ada", url=HOOK)
    answer = served.client("ada").post("/notifications/rules", json={"url": HOOK})
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_rules")
    assert served.client("bob").post("/notifications/rules", json={"url": HOOK}).status_code == 201


@pytest.mark.parametrize("path", ["/notifications/a%00b/retry", "/notifications/x/retry"])
def test_strange_ids_are_unknown_ones(served_on_both: Service, path: str) -> None:
    assert served_on_both.client().post(path).status_code == 404
    assert served_on_both.client().delete("/notifications/rules/a%00b").status_code == 404
