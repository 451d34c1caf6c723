"""Which folders an upload left that no task can know."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from shared.events.envelope import new_id
from shared.storage.files import write_bytes
from shared.storage.folder_storage import FolderStorage
from shared.storage.orphans import old_uploads, remove_upload
from shared.storage.paths import Paths

NOW = datetime.now(UTC)
LONG_AGO = (NOW - timedelta(days=2)).timestamp()


def _age(folder: Path) -> None:
    for path in (*folder.iterdir(), folder):
        os.utime(path, (LONG_AGO, LONG_AGO))


def test_only_old_folders_with_nothing_but_an_upload_are_named(tmp_path: Path) -> None:
    paths, storage = Paths(tmp_path), FolderStorage(tmp_path)
    whole, half, empty, fresh, growing, analysed = ids = [new_id() for _ in range(6)]
    for task_id in (*ids, "run-video-12345678"):
        paths.videos(task_id).mkdir(parents=True)
    for task_id in (whole, fresh, analysed, "run-video-12345678"):
        write_bytes(paths.source(task_id), b"film")
    for task_id in (half, growing):
        (paths.videos(task_id) / ".part-abc").write_bytes(b"fi")
    write_bytes(paths.video(analysed), b"film")
    for task_id in (whole, half, empty, growing, analysed, "run-video-12345678"):
        _age(paths.videos(task_id))
    os.utime(paths.videos(growing) / ".part-abc")
    assert old_uploads(storage, NOW - timedelta(days=1)) == sorted([whole, half, empty])
    remove_upload(storage, whole)
    assert not paths.videos(whole).exists()


def test_there_may_be_no_videos_at_all(tmp_path: Path) -> None:
    assert old_uploads(FolderStorage(tmp_path), NOW) == []
