"""Whether the service can do its work."""

import logging
from collections.abc import Sequence

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError

from api_gateway.dependencies import Stands
from api_gateway.gateway import Gateway
from shared.version import trackloop_version

log = logging.getLogger(__name__)
router = APIRouter(tags=["service"])


class Health(BaseModel):
    """`ok` everywhere, or what is wrong."""

    status: str
    version: str
    database: str
    workers: str


@router.get("/health", responses={503: {"model": Health}})
def health(request: Request, response: Response, gateway: Stands) -> Health:
    """Whether requests can be answered and, where workers live in this process, tasks run."""
    dead: Sequence[str] = request.app.state.dead_parts()
    database = _database(gateway)
    sound = database == "ok" and not dead
    if not sound:
        response.status_code = 503
    return Health(
        status="ok" if sound else "failing",
        version=trackloop_version(),
        database=database,
        workers=f"ended: {', '.join(dead)}" if dead else "ok",
    )


def _database(gateway: Gateway) -> str:
    try:
        with gateway.database.read() as unit:
            unit.tasks.get("")
    except SQLAlchemyError as error:
        log.warning("health: the database does not answer: %s", error)
        return "does not answer"
    return "ok"
