"""Who asks, and what routes stand on."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Query, Request, Security
from fastapi.security import APIKeyHeader
from starlette.requests import HTTPConnection

from api_gateway.gateway import Gateway
from api_gateway.schemas.task import UserId
from shared.db.api_keys import check_principal
from shared.errors import NotAuthenticatedError, NotPermittedError

READ, WRITE, ACT_AS = "read", "write", "act-as"

_HEADER = APIKeyHeader(name="x-api-key", scheme_name="key", auto_error=False)


@dataclass(frozen=True, slots=True)
class Caller:
    """Whom a key belongs to, and what it may do."""

    principal: str
    scopes: frozenset[str]

    def needs(self, scope: str) -> None:
        """Go on only with this scope.

        Raises:
            NotPermittedError: `scope_missing`.
        """
        if scope not in self.scopes:
            raise NotPermittedError(
                "scope_missing", f"The key has no scope {scope}; use one that has it."
            )

    def owner(self, user_id: str | None) -> str:
        """In whose name: the caller's own, or with the scope `act-as` anybody's.

        Raises:
            NotPermittedError: `scope_missing`.
            InvalidInputError: `bad_principal`.
        """
        if user_id is None or user_id == self.principal:
            return self.principal
        self.needs(ACT_AS)
        return check_principal(user_id)


def gateway_of(connection: HTTPConnection) -> Gateway:
    """What the app was made with."""
    gateway: Gateway = connection.app.state.gateway
    return gateway


def authenticate(gateway: Gateway, key: str | None) -> Caller:
    """Who has this key.

    Raises:
        NotAuthenticatedError: `key_missing`, `key_unknown`.
    """
    if not key:
        raise NotAuthenticatedError(
            "key_missing", "The request carries no key; send one in the header x-api-key."
        )
    with gateway.database.read() as unit:
        row = unit.api_keys.find(key)
    if row is None:
        raise NotAuthenticatedError(
            "key_unknown", "The key is unknown or revoked; ask for a new one."
        )
    return Caller(row.principal, frozenset(row.scopes))


def _with_scope(scope: str) -> Callable[..., Caller]:
    def caller(
        gateway: Annotated[Gateway, Depends(_gateway)],
        key: Annotated[str | None, Security(_HEADER)],
    ) -> Caller:
        found = authenticate(gateway, key)
        found.needs(scope)
        return found

    return caller


async def _gateway(request: Request) -> Gateway:
    # A plain function would run in a thread, which costs more than all that it does.
    return gateway_of(request)


def _owner_who(scope: str) -> Callable[..., Awaitable[str]]:
    async def owner(
        caller: Annotated[Caller, Depends(_with_scope(scope))],
        user_id: Annotated[
            UserId | None, Query(description="whose; another's needs the scope act-as")
        ] = None,
    ) -> str:
        return caller.owner(user_id)

    return owner


Stands = Annotated[Gateway, Depends(_gateway)]
Writer = Annotated[Caller, Depends(_with_scope(WRITE))]
ReadingOwner = Annotated[str, Depends(_owner_who(READ))]
WritingOwner = Annotated[str, Depends(_owner_who(WRITE))]
Reader = Annotated[Caller, Depends(_with_scope(READ))]
IdempotencyKey = Annotated[
    str | None, Header(min_length=1, max_length=200, description="the same key, the same task")
]
Wait = Annotated[float, Query(ge=0, le=60, description="seconds to wait for the output")]
WAIT_SECONDS = 20.0
"""Where nobody says how long."""
