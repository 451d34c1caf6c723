"""The workers as a room: with everything in this process, or all of it but the steps."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from model_trainer.pipeline import QUEUE as TRAINING_QUEUE
from shared.db.database import Database
from shared.errors import ModelError
from shared.labeling.adapters import open_labeling
from shared.labeling.removal import remove_labels
from shared.messaging.room import Room, RunningRoom, room_on_duty, running_room
from shared.pipeline.one_at_a_time import OneAtATime
from shared.pipeline.times import Times
from shared.pipeline.tools import Tools
from shared.progress.port import Progress
from shared.settings import Settings
from shared.storage.adapters import open_storage
from shared.storage.erasure import erase_files
from shared.storage.orphans import old_uploads, remove_upload
from shared.storage.port import Storage
from shared.tasks.erase import Erasure
from shared.tasks.orphans import Uploads
from shared.tasks.tidy_cache import tidy_cache
from workers.kept_models import prune_old_models, report_drifts
from workers.pipeline import PIPELINES
from workers.reactions import REACTIONS

log = logging.getLogger(__name__)


@contextmanager
def running_workers(
    database: Database, tools: Tools, times: Times | None = None
) -> Iterator[RunningRoom]:
    """Hear events and run steps, as many at once as the settings say, but only one training."""
    times = times or Times()
    settings = tools.settings
    room = _room(settings, tools.storage, tools.progress, times)
    worker = OneAtATime(database, PIPELINES, tools, times, queue=TRAINING_QUEUE)
    with running_room(
        room, database, worker, broker_url=settings.broker_url, threads=settings.step_threads
    ) as running:
        yield running


@contextmanager
def workers_on_duty(
    settings: Settings, database: Database, progress: Progress
) -> Iterator[RunningRoom]:
    """Hear events and see to it that nothing is lost, for workers in processes of their own."""
    room = _room(settings, open_storage(settings), progress, Times())
    with room_on_duty(room, database, settings.broker_url) as running:
        yield running


def _room(settings: Settings, storage: Storage, progress: Progress, times: Times) -> Room:
    def erase(erasure: Erasure) -> None:
        erase_files(storage, erasure.task_id, erasure.keys)
        progress.forget(erasure.task_id)
        if erasure.asked_labels:  # last: the tool may be away
            remove_labels(open_labeling(settings), erasure.task_id, erasure.handle)

    return Room(
        name="workers",
        reactions=REACTIONS,
        pipelines=PIPELINES,
        erase_files=erase,
        times=times,
        uploads=Uploads(partial(old_uploads, storage), partial(remove_upload, storage)),
        tidy=partial(_tidy, settings),
    )


def _tidy(settings: Settings, database: Database) -> None:
    tidy_cache(settings, database)
    try:
        prune_old_models(settings, database)
        report_drifts(settings)
    except ModelError as error:
        # Only somebody who mends the model can help: not to be tried again at once.
        log.error("models are not looked after: %s", error.message)
