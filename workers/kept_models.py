"""Models, looked after now and then: room for new versions, and files that have changed."""

import logging

from shared.db.database import Database
from shared.inference.drift import drifts
from shared.inference.models import model_store
from shared.inference.prune import prune_versions
from shared.settings import Settings
from shared.tasks.models_in_use import models_in_use

log = logging.getLogger(__name__)


def prune_old_models(settings: Settings, database: Database) -> list[str]:
    """Delete the files of deployed versions that neither settings nor tasks keep; which.

    Raises:
        ModelError: `bad_manifest`, or `duplicate_model`.
        TransientError: the storage does not answer as it should.
    """
    store = model_store(settings)
    gone = prune_versions(store, settings.keep_versions, lambda: models_in_use(database))
    if gone:
        log.info(
            "pruned %s: TRACKLOOP_KEEP_VERSIONS is %d", ", ".join(gone), settings.keep_versions
        )
    return gone


def report_drifts(settings: Settings) -> None:
    """Log each file of a model that is not as it was published; nothing runs it any more.

    Raises:
        ModelError: `bad_manifest`, or `duplicate_model`.
        TransientError: the storage does not answer as it should.
    """
    for drift in drifts(model_store(settings).list()):
        log.error("%s", drift.message)
