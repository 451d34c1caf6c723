"""API keys, kept as hashes."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared.db.tables import ApiKeyRow
from shared.domain.principal import REMEDY, valid_principal
from shared.errors import InvalidInputError
from shared.events.envelope import new_id

_BYTES = 32


class ApiKeys:
    """A key is looked up by its hash, so that no comparison depends on how much of it is right."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def create(
        self, principal: str, scopes: Sequence[str], now: datetime,
        *, key_id: str | None = None, chosen: str | None = None,
    ) -> str:  # fmt: skip
        """A new key of 256 random bits, unless it is chosen; the only time that it is seen.

        Raises:
            InvalidInputError: `bad_principal`.
        """
        check_principal(principal)
        key = chosen or secrets.token_urlsafe(_BYTES)
        row = ApiKeyRow(
            id=key_id or new_id(), sha256=_sha256(key), principal=principal,
            scopes=sorted(scopes), created_at=now,
        )  # fmt: skip
        self._session.add(row)
        self._session.flush()
        return key

    def find(self, key: str, *, revoked: bool = False) -> ApiKeyRow | None:
        """Who this key belongs to; None where it is unknown, or revoked unless that is asked."""
        query = select(ApiKeyRow).where(ApiKeyRow.sha256 == _sha256(key))
        return self._session.scalar(
            query if revoked else query.where(ApiKeyRow.revoked_at.is_(None))
        )

    def list(self) -> Sequence[ApiKeyRow]:
        """Every key, the revoked ones too, oldest first."""
        query = select(ApiKeyRow).order_by(ApiKeyRow.created_at, ApiKeyRow.id)
        return self._session.scalars(query).all()

    def with_id_like(self, prefix: str) -> Sequence[ApiKeyRow]:
        """The keys whose id begins so."""
        query = select(ApiKeyRow).where(ApiKeyRow.id.startswith(prefix, autoescape=True))
        return self._session.scalars(query).all()

    def revoke(self, key_id: str, now: datetime) -> bool:
        """From now on the key opens nothing; False where there is no such key."""
        row = self._session.get(ApiKeyRow, key_id)
        if row is None:
            return False
        row.revoked_at = row.revoked_at or now
        return True


def _sha256(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def check_principal(name: str) -> str:
    """The name, if it can be a principal.

    Raises:
        InvalidInputError: `bad_principal`.
    """
    if not valid_principal(name):
        raise InvalidInputError(
            "bad_principal", f"principal: {name!r} cannot be one; choose {REMEDY}."
        )
    return name
