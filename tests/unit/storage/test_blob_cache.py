"""What was fetched once is linked afterwards, within a limit, whoever else is at it."""

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.errors import TransientError
from shared.settings import REPOSITORY
from shared.storage.blob_cache import Blob, BlobCache
from shared.storage.files import sha256_of, write_bytes
from shared.storage.locked_folder import clear_dead, locked_folder


def _blob(content: bytes) -> Blob:
    return Blob(hashlib.sha256(content).hexdigest(), len(content))


def _nothing() -> None:
    """Nobody waits."""


class Source:
    """Gives one content, and counts how often."""

    def __init__(self, content: bytes) -> None:
        self.content, self.asked = content, 0

    def __call__(self, target: Path) -> str:
        self.asked += 1
        write_bytes(target, self.content)
        return sha256_of(target)


@pytest.fixture
def cache(tmp_path: Path) -> BlobCache:
    return BlobCache(tmp_path / "cache", 100)


@pytest.fixture
def place(cache: BlobCache, tmp_path: Path) -> Callable[[bytes, str], Source]:
    """Place a content under a name in `tmp_path`."""

    def placed(content: bytes, name: str) -> Source:
        source = Source(content)
        cache.place(_blob(content), tmp_path / name, source, _nothing)
        assert (tmp_path / name).read_bytes() == content
        return source

    return placed


Place = Callable[[bytes, str], Source]


def test_the_second_who_needs_it_fetches_nothing(place: Place, tmp_path: Path) -> None:
    assert place(b"film", "a/video").asked == 1
    assert place(b"film", "b/video").asked == 0
    assert (tmp_path / "a/video").samefile(tmp_path / "b/video")


def test_what_a_step_made_is_fetched_by_none(
    cache: BlobCache, place: Place, tmp_path: Path
) -> None:
    write_bytes(tmp_path / "made", b"film")
    cache.adopt(tmp_path / "made", _blob(b"film").sha256)
    (tmp_path / "made").unlink()
    assert place(b"film", "video").asked == 0


@pytest.mark.parametrize("came", [b"flim", b"fil", b""])
def test_other_bytes_than_were_stored_are_never_used(
    cache: BlobCache, place: Place, tmp_path: Path, came: bytes
) -> None:
    with pytest.raises(TransientError) as refused:
        cache.place(_blob(b"film"), tmp_path / "video", Source(came), _nothing)
    assert refused.value.code == "download_corrupted"
    assert not (tmp_path / "video").exists()
    assert list(cache.hashes()) == []
    assert place(b"film", "video").asked == 1


def test_a_blob_that_lost_bytes_is_fetched_again(
    cache: BlobCache, place: Place, tmp_path: Path
) -> None:
    place(b"film", "video")
    (tmp_path / "video").unlink()
    (cache.folder / "blobs" / _blob(b"film").sha256).write_bytes(b"fi")
    assert place(b"film", "video").asked == 1


def test_what_was_used_longest_ago_goes_first(
    cache: BlobCache, place: Place, tmp_path: Path
) -> None:
    contents = [bytes([n]) * 40 for n in range(3)]
    for age, content in enumerate(contents[:2]):
        place(content, str(age))
        (tmp_path / str(age)).unlink()
        long_ago = time.time() - 100 + age
        os.utime(cache.folder / "blobs" / _blob(content).sha256, (long_ago, long_ago))
    place(contents[0], "again")
    (tmp_path / "again").unlink()
    cache.trim(coming=40)
    assert list(cache.hashes()) == [_blob(contents[0]).sha256]
    place(contents[2], "c")
    assert len(cache.hashes()) == 2


def test_what_a_running_step_links_is_not_evicted(
    cache: BlobCache, place: Place, tmp_path: Path
) -> None:
    for name in ("a", "b", "c"):
        place(name.encode() * 60, name)
    (tmp_path / "b").unlink()
    cache.trim()
    assert set(cache.hashes()) == {_blob(name * 60).sha256 for name in (b"a", b"c")}


def test_what_is_to_be_forgotten_goes_at_once(
    cache: BlobCache, place: Place, tmp_path: Path
) -> None:
    place(b"film", "video")
    place(b"other", "other")
    cache.forget([_blob(b"film").sha256, "0" * 64])
    assert list(cache.hashes()) == [_blob(b"other").sha256]
    assert (tmp_path / "video").read_bytes() == b"film", "a running step keeps its own link"


_PROCESS = """
import sys, time
from pathlib import Path
from shared.storage.blob_cache import Blob, BlobCache
from shared.storage.files import sha256_of, write_bytes
folder, name, sha256 = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
def fetch(target):
    (folder / f"asked-{name}").touch()
    time.sleep(0.3)
    write_bytes(target, b"film" * 100)
    return sha256_of(target)
cache = BlobCache(folder / "cache", 500)
for n in range(20):
    cache.place(Blob(sha256, 400), folder / name / str(n), fetch, lambda: None)
    (folder / name / str(n)).unlink()
    if n:
        cache.trim(coming=400 if n % 5 == 0 and name == "0" else 0)
"""


def test_processes_share_one_download_and_evict_nothing_in_use(tmp_path: Path) -> None:
    digest = _blob(b"film" * 100).sha256
    processes = [
        subprocess.Popen([sys.executable, "-c", _PROCESS, tmp_path, str(n), digest], cwd=REPOSITORY)
        for n in range(3)
    ]
    assert [process.wait(120) for process in processes] == [0, 0, 0]
    assert len(list((tmp_path / "cache" / "blobs").iterdir())) <= 1


def test_two_who_need_it_at_once_fetch_it_once(cache: BlobCache, tmp_path: Path) -> None:
    script = _PROCESS.replace("range(20)", "range(1)")
    digest = _blob(b"film" * 100).sha256
    processes = [
        subprocess.Popen([sys.executable, "-c", script, tmp_path, str(n), digest], cwd=REPOSITORY)
        for n in range(3)
    ]
    assert [process.wait(120) for process in processes] == [0, 0, 0]
    assert len(list(tmp_path.glob("asked-*"))) == 1


_DIES = """
import os, sys
from pathlib import Path
from shared.storage.locked_folder import locked_folder
with locked_folder(Path(sys.argv[1]), "dead") as folder:
    (folder / "videos" / "t").mkdir(parents=True)
    (folder / "videos" / "t" / "source").touch()
    os._exit(1)
"""


def test_folders_of_dead_processes_are_cleared_and_no_others(tmp_path: Path) -> None:
    dead = subprocess.run([sys.executable, "-c", _DIES, tmp_path], cwd=REPOSITORY, check=False)
    assert dead.returncode == 1
    assert (tmp_path / "dead" / "videos" / "t" / "source").exists()
    with locked_folder(tmp_path, "alive") as folder:
        (folder / "file").touch()
        clear_dead(tmp_path)
        assert [path.name for path in tmp_path.iterdir()] == ["alive"]
        assert (folder / "file").exists()
    assert list(tmp_path.iterdir()) == []
