"""The key of a start: whoever starts the service gets in with it."""

import secrets
from datetime import datetime

from shared.db.unit_of_work import Unit
from shared.errors import InvalidInputError

PRINCIPAL = "local"
SCOPES = ("act-as", "read", "write")

_PREFIX = "start-"
"""Begins the id of every such key, so that the next start finds them, after a kill too."""
_FEWEST_CHARACTERS = 8


def start_key(unit: Unit, chosen: str | None, now: datetime) -> str:
    """Make one key valid for the principal `local`, and no key of an earlier start.

    Processes that share a database need the same chosen key.

    Args:
        chosen: the key that the deployment sets; None makes a fresh one.

    Raises:
        InvalidInputError: `weak_key`, `key_taken`.
    """
    keys = unit.api_keys
    for earlier in keys.with_id_like(_PREFIX):
        keys.revoke(earlier.id, now)
    key_id = _PREFIX + secrets.token_hex(8)
    if chosen is None:
        return keys.create(PRINCIPAL, SCOPES, now, key_id=key_id)
    _check(chosen)
    row = keys.find(chosen, revoked=True)
    if row is None:
        return keys.create(PRINCIPAL, SCOPES, now, key_id=key_id, chosen=chosen)
    if not row.id.startswith(_PREFIX):
        raise InvalidInputError(
            "key_taken",
            f"TRACKLOOP_API_KEY: this key was made for the principal {row.principal}; set another.",
        )
    row.revoked_at = None
    return chosen


def _check(key: str) -> None:
    """What a header cannot carry, and what nobody needs to guess for long."""
    if not key.isascii() or not key.isprintable() or " " in key:
        fault = "holds characters that no header carries"
    elif len(set(key)) < _FEWEST_CHARACTERS:
        fault = "repeats a few characters"
    else:
        return
    raise InvalidInputError(
        "weak_key", f"TRACKLOOP_API_KEY: the key {fault}; set 32 or more random letters and digits."
    )
