"""What every storage must do; a new adapter only adds its URL."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared.errors import PermanentError
from shared.storage.adapters import check_storage, open_storage
from shared.storage.files import sha256_of
from shared.storage.port import Storage, fetch
from tests.support.s3_server import S3Server, aws_environment, s3_server, s3_settings

LARGE = random.Random(4).randbytes(20_000_000)
KEY = "areas/ada/may 1st/#2 é%20@home+1.mp4"


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    with s3_server() as running:
        yield running


@pytest.fixture(params=["file", "s3"])
def url(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    aws_environment(monkeypatch)
    if request.param == "file":
        return (tmp_path / "storage").as_uri()
    server: S3Server = request.getfixturevalue("server")
    return server.url()


@pytest.fixture
def storage(url: str, tmp_path: Path) -> Storage:
    return open_storage(s3_settings(url, tmp_path / "cache"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A small file to send."""
    path = tmp_path / "file"
    path.write_bytes(b"film")
    return path


def _whole(storage: Storage, key: str) -> bytes:
    return b"".join(storage.read(key))


def test_a_storage_that_works_passes_the_check(url: str, tmp_path: Path) -> None:
    settings = s3_settings(url, tmp_path / "cache")
    check_storage(settings)
    assert not list(open_storage(settings).list("videos/"))


@pytest.mark.parametrize("content", [b"", b"film", LARGE], ids=["empty", "small", "large"])
def test_a_file_comes_back_as_it_was_sent(storage: Storage, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    before = datetime.now(UTC) - timedelta(seconds=2)
    told: list[int] = []
    storage.send(tmp_path / "file", KEY, told.append)
    assert not content or told[-1] == len(content)
    found = storage.find(KEY)
    assert found is not None
    assert (found.key, found.size) == (KEY, len(content))
    assert found.modified >= before
    digest = fetch(storage, KEY, tmp_path / "new" / "back")
    assert digest == sha256_of(tmp_path / "file")
    assert (tmp_path / "new" / "back").read_bytes() == content


def test_a_large_file_travels_in_pieces(storage: Storage, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(LARGE)
    storage.send(tmp_path / "file", "a/b")
    pieces = list(storage.read("a/b"))
    assert b"".join(pieces) == LARGE
    assert len(pieces) > 2


@pytest.mark.parametrize(("start", "stop"), [(0, 1), (2, 4), (1, None), (0, None), (3, 4)])
def test_a_part_is_read_alone(storage: Storage, file: Path, start: int, stop: int | None) -> None:
    storage.send(file, "a/b")
    assert b"".join(storage.read("a/b", start, stop)) == b"film"[start:stop]


def test_what_was_never_sent_is_missing(storage: Storage, tmp_path: Path) -> None:
    assert storage.find("a/b") is None
    with pytest.raises(PermanentError) as missing:
        fetch(storage, "a/b", tmp_path / "back")
    assert missing.value.code == "artefact_missing"
    assert not (tmp_path / "back").exists()
    storage.delete("a/b")
    storage.delete_under("a/")
    assert list(storage.list("a/")) == []
    assert list(storage.folders("a/")) == []


def test_a_transfer_that_is_broken_off_leaves_what_was_there(
    storage: Storage, file: Path, tmp_path: Path
) -> None:
    storage.send(file, "a/b")
    (tmp_path / "large").write_bytes(LARGE)

    def stop(done: int) -> None:
        if done > 10_000_000:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        storage.send(tmp_path / "large", "a/b", stop)
    with pytest.raises(InterruptedError):
        storage.send(tmp_path / "large", "a/c", stop)
    assert _whole(storage, "a/b") == b"film"
    assert [found.key for found in storage.list("a/")] == ["a/b"]
    storage.send(tmp_path / "large", "a/b")
    with pytest.raises(InterruptedError):
        fetch(storage, "a/b", tmp_path / "back", stop)
    assert not (tmp_path / "back").exists()


def test_only_the_first_creates(storage: Storage, tmp_path: Path) -> None:
    files = [tmp_path / str(n) for n in range(6)]
    for file in files:
        file.write_bytes(file.name.encode())
    with ThreadPoolExecutor(len(files)) as pool:
        created = list(pool.map(lambda file: storage.create(file, "detections/k/chunk"), files))
    assert created.count(True) == 1
    assert _whole(storage, "detections/k/chunk") == str(created.index(True)).encode()
    assert not storage.create(files[0], "detections/k/chunk")


def test_folders_are_listed_and_deleted_alone(storage: Storage, file: Path) -> None:
    keys = ["videos/t/source", "videos/t/.attempt/1-a-0/videos/t/b", "videos/tt/source", "x/t/y"]
    for key in keys:
        storage.send(file, key)
    assert {found.key for found in storage.list("videos/t/")} == set(keys[:2])
    assert list(storage.folders("videos/")) == ["t", "tt"]
    storage.delete_under("videos/t/")
    assert [found.key for found in storage.list("videos/")] == ["videos/tt/source"]
    storage.delete("videos/tt/source")
    assert storage.find("videos/tt/source") is None
    assert storage.find("x/t/y") is not None
