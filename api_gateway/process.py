"""The gateway as a process of its own."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime

from prometheus_client import REGISTRY

from api_gateway.gateway import Gateway
from api_gateway.main import create_app
from api_gateway.serving import Address, bound, serving
from shared.access.secrets import check_secrets
from shared.access.start_key import start_key
from shared.db.migrate import prepare
from shared.inference.models import model_store
from shared.monitoring import Condition, monitored
from shared.progress.adapters import open_board
from shared.progress.check import check_progress
from shared.settings import Settings
from shared.storage.adapters import check_storage, open_storage


@contextmanager
def running_gateway(settings: Settings) -> Iterator[Address]:
    """Answer while the block lasts. It talks to the database only: it needs no broker.

    Raises:
        InvalidInputError: `default_secret`, `cannot_listen`, `weak_key`, `key_taken`, and what
            `check_storage` refuses.
        PermanentError: `wrong_schema`, `database_encoding`.
        TransientError: `database_unreachable`, `redis_unreachable`.
    """
    check_secrets(settings)
    check_progress(settings.redis_url)
    check_storage(settings)
    with (
        bound(settings.host, settings.port) as address,
        closing(prepare(settings.database_url, settings.migrations)) as database,
        open_board(settings.redis_url) as board,
    ):
        if settings.api_key is not None:
            with database.begin() as unit:
                start_key(unit, settings.api_key.get_secret_value(), datetime.now(UTC))
        storage = open_storage(settings)
        app = create_app(Gateway(settings, database, model_store(settings), storage, board))
        with (
            monitored(settings.metrics_host, settings.metrics_port, Condition, REGISTRY),
            serving(app, address.socket),
        ):
            yield address
