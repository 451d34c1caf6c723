"""Whether a deployment can work: asked at every start, by `doctor`, and by whoever probes."""

from collections.abc import Callable, Mapping
from contextlib import closing

from shared.access.secrets import check_secrets
from shared.db.database import Database
from shared.db.migrate import prepare
from shared.errors import TrackloopError
from shared.inference.adapters import check_inference
from shared.labeling.adapters import check_labeling
from shared.messaging.broker import check_broker
from shared.notifications.adapters import open_channels
from shared.progress.check import check_progress
from shared.settings import Settings
from shared.storage.adapters import check_storage, open_storage


def _check_database(settings: Settings) -> None:
    """SQLite is made where it is missing, so only its URL can be wrong."""
    with closing(Database(settings.database_url)) as database:
        if not database.is_sqlite:
            prepare(settings.database_url, settings.migrations).close()


CHECKS: Mapping[str, Callable[[Settings], object]] = {
    "keys": check_secrets,
    "database": _check_database,
    "broker": lambda settings: check_broker(settings.broker_url),
    "progress": lambda settings: check_progress(settings.redis_url),
    "storage": check_storage,
    "inference": lambda settings: check_inference(settings.inference_url),
    "channels": lambda settings: open_channels(settings.notify_urls),
    "labeling": check_labeling,
}
"""Each raises a TrackloopError whose one sentence names the setting and the remedy."""

SERVERS: Mapping[str, Callable[[Settings], object]] = {
    **{subject: CHECKS[subject] for subject in ("database", "broker", "progress")},
    # Nothing is written, and no process is started for it: probes come every few seconds.
    "storage": lambda settings: open_storage(settings).find(".trackloop-probe"),
}
"""What may go away and come back while a process runs."""


def refuse_bad_settings(settings: Settings) -> None:
    """Stop at the first check that fails.

    Raises:
        TrackloopError: what it says.
    """
    for check in CHECKS.values():
        check(settings)


def servers_away(settings: Settings) -> dict[str, str]:
    """What cannot be used at this moment, and why."""
    found = {}
    for subject, look in SERVERS.items():
        try:
            look(settings)
        except TrackloopError as error:
            found[subject] = error.message
    return found
