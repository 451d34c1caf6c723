"""Label Studio tells at once what it would be asked for: a webhook on each project."""

import hashlib
import hmac
from typing import Any

from pydantic import BaseModel

from shared.labeling.labelstudio_api import Api

SECRET_HEADER = "X-Trackloop-Secret"  # noqa: S105  (its name)
_ACTIONS = ("ANNOTATION_CREATED", "ANNOTATION_UPDATED", "ANNOTATIONS_DELETED", "TASKS_DELETED")


class _Webhook(BaseModel):
    id: int
    url: str


def webhook_url(gateway: str, task_id: str) -> str:
    """Where the gateway hears of a task's labels.

    Args:
        gateway: `TRACKLOOP_LABELING_WEBHOOK_URL`.
    """
    return f"{gateway.rstrip('/')}/labeling/webhooks/{task_id}"


def webhook_secret(token: str, handle: str) -> str:
    """What the server sends along in `SECRET_HEADER`: HMAC-SHA256 of the handle (RFC 2104).

    It opens this project's webhook and nothing else, and ends with the token.
    """
    message = f"trackloop webhook {handle}".encode()
    return hmac.new(token.strip().encode(), message, hashlib.sha256).hexdigest()


def is_from_labeling(token: str, handle: str, given: str) -> bool:
    """Whether who calls has the secret, in a time that tells nothing about it."""
    return hmac.compare_digest(webhook_secret(token, handle).encode(), given.encode())


def settle_webhook(api: Api, project: int, url: str, secret: str) -> None:
    """One webhook with this address, as it has to be now."""
    wanted: dict[str, Any] = {
        "project": project,
        "url": url,
        "headers": {SECRET_HEADER: secret},
        "is_active": True,
        "send_payload": False,  # it rings; what people said is collected
        "send_for_all_actions": False,
        "actions": list(_ACTIONS),
    }
    query = {"project": str(project)}
    there = api.call("GET", "webhooks/", list[_Webhook], params=query)
    ours = [webhook for webhook in there if webhook.url == url]
    if not ours:
        api.call("POST", "webhooks/", object, json=wanted)
        return
    first, *copies = ours
    api.call("PATCH", f"webhooks/{first.id}/", object, json=wanted)
    for copy in copies:
        api.call("DELETE", f"webhooks/{copy.id}/", object)
