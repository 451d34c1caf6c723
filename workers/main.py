"""The workers as a room of this process."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from shared.db.database import Database
from shared.messaging.room import Room, RunningRoom, running_room
from shared.pipeline.times import Times
from shared.pipeline.tools import Tools
from shared.pipeline.worker import StepWorker
from shared.storage.erasure import erase_files
from shared.storage.orphans import old_uploads, remove_upload
from shared.tasks.orphans import Uploads
from workers.pipeline import PIPELINES
from workers.reactions import REACTIONS


@contextmanager
def running_workers(
    database: Database, tools: Tools, times: Times | None = None
) -> Iterator[RunningRoom]:
    """Hear events and run the video chain, with as many steps at once as the settings say."""
    times = times or Times()

    def erase(task_id: str, keys: Sequence[str]) -> None:
        erase_files(tools.paths, task_id, keys)
        tools.progress.forget(task_id)

    room = Room(
        name="workers",
        reactions=REACTIONS,
        pipelines=PIPELINES,
        erase_files=erase,
        times=times,
        uploads=Uploads(partial(old_uploads, tools.paths), partial(remove_upload, tools.paths)),
    )
    worker = StepWorker(database, PIPELINES, tools, times)
    settings = tools.settings
    with running_room(
        room, database, worker, broker_url=settings.broker_url, threads=settings.step_threads
    ) as running:
        yield running
