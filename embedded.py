"""Every room in one process: what `trackloop up` runs."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from api_gateway.gateway import Gateway
from api_gateway.main import create_app
from api_gateway.serving import Address, bound, serving
from shared.access.service_file import RunningService, announced
from shared.access.start_key import start_key
from shared.bootstrap import bootstrap
from shared.db.migrate import prepare
from shared.db.only_process import only_process
from shared.errors import PermanentError
from shared.progress.adapters import open_board
from shared.servers import refuse_bad_settings
from shared.settings import Settings
from shared.stop_signals import stop_signals
from workers.main import running_workers
from workers.notification.main import running_notifications

_LOOK_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Service:
    """A service that answers."""

    address: Address
    key: str
    gateway: threading.Thread
    asked_to_stop: Callable[[], bool]

    def wait(self) -> None:
        """Until SIGINT or SIGTERM; a second one ends the process at once.

        Raises:
            PermanentError: `gateway_ended`, without a signal.
        """
        while not self.asked_to_stop():
            self.gateway.join(_LOOK_SECONDS)
            if not self.gateway.is_alive():
                raise PermanentError(
                    "gateway_ended", "The gateway ended by itself; the log says why."
                )


@contextmanager
def running_service(settings: Settings) -> Iterator[Service]:
    """Serve while the block lasts. At its end new requests are refused first, then running steps
    are given back at their next report of progress.

    Raises:
        ConflictError: `already_running`.
        InvalidInputError: `cannot_listen`, `weak_key`, `key_taken`, and what a check refuses.
        PermanentError: `wrong_schema`.
        TransientError: a server that is away, a part that did not start.
    """
    refuse_bad_settings(settings)  # now, and not in the first task
    chosen = settings.api_key.get_secret_value() if settings.api_key else None
    with (
        stop_signals() as asked,
        only_process(settings.database_url, settings.broker_url),
        bound(settings.host, settings.port) as address,
        closing(prepare(settings.database_url, settings.migrations)) as database,
        open_board(settings.redis_url) as board,
        bootstrap(settings, board) as tools,
        running_notifications(database, settings, service_url=address.url) as notifications,
        running_workers(database, tools) as workers,
    ):
        with database.begin() as unit:
            key = start_key(unit, chosen, datetime.now(UTC))
        parts = Gateway(settings, database, tools.models, tools.storage, board)
        app = create_app(parts, lambda: [*workers.dead, *notifications.dead])
        here = RunningService(address.url, key, os.getpid())
        with serving(app, address.socket) as gateway, announced(tools.paths.service_file(), here):
            yield Service(address, key, gateway, asked)
