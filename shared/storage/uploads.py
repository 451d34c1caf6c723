"""Where a video that comes with a request is written, until its task knows it."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from shared.settings import Settings
from shared.storage.blob_cache import BlobCache
from shared.storage.files import publishing
from shared.storage.locked_folder import clear_dead, locked_folder
from shared.storage.paths import Paths
from shared.storage.port import Storage


def upload_key(task_id: str) -> str:
    """Where the upload of a task lies."""
    return Paths(Path()).source(task_id).as_posix()


@contextmanager
def receiving(storage: Storage, settings: Settings, task_id: str) -> Iterator[Path]:
    """A path to write to; at the end it lies at `upload_key`, and after an error nothing does.

    Raises:
        TransientError: `disk_full`, or the storage does not answer as it should.
    """
    if storage.folder is not None:
        target = storage.folder / upload_key(task_id)
        try:
            with publishing(target) as partial:
                yield partial
        except BaseException:
            with suppress(OSError):
                target.parent.rmdir()
            raise
        return
    work = BlobCache(settings.cache_folder, settings.cache_bytes).work
    clear_dead(work)
    with locked_folder(work, f"upload-{task_id}") as folder:
        yield folder / "source"
        storage.send(folder / "source", upload_key(task_id))


def discard_upload(storage: Storage, task_id: str) -> None:
    """Delete what `receiving` left.

    Raises:
        TransientError: the storage does not answer as it should.
    """
    storage.delete_under(f"{Paths(Path()).videos(task_id).as_posix()}/")
