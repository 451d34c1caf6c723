"""Artefacts appear whole or not at all."""

import errno
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.storage.files import (
    copy_file,
    link_or_copy,
    publishing,
    publishing_folder,
    sha256_of,
)


def test_a_file_appears_only_when_the_block_ends(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "a.txt"
    with publishing(target) as partial:
        partial.write_text("done")
        assert not target.exists()
    assert target.read_text() == "done"
    assert [file.name for file in target.parent.iterdir()] == ["a.txt"]


@pytest.mark.parametrize("fault", [ValueError, KeyboardInterrupt])
def test_a_fault_keeps_the_old_file_and_leaves_nothing(
    tmp_path: Path, fault: type[BaseException]
) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")
    with pytest.raises(fault), publishing(target) as partial:
        partial.write_text("half")
        raise fault
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_folder_replaces_the_older_one_whole(tmp_path: Path) -> None:
    target = tmp_path / "chunks"
    target.mkdir()
    (target / "stale.json").touch()
    with publishing_folder(target) as partial:
        (partial / "fresh.json").touch()
    assert [file.name for file in target.iterdir()] == ["fresh.json"]
    assert list(tmp_path.iterdir()) == [target]


def test_an_interrupted_replacement_keeps_the_older_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "results"
    target.mkdir()
    (target / "old.json").touch()
    renamed = Path.replace

    def stop(self: Path, other: Path) -> Path:
        if self.name == "new":
            raise KeyboardInterrupt
        return renamed(self, other)

    monkeypatch.setattr(Path, "replace", stop)
    with pytest.raises(KeyboardInterrupt), publishing_folder(target) as partial:
        (partial / "fresh.json").touch()
    assert [file.name for file in target.iterdir()] == ["old.json"]
    assert list(tmp_path.iterdir()) == [target]


def test_a_link_shares_the_bytes_and_outlives_the_source(tmp_path: Path) -> None:
    source = tmp_path / "a.bin"
    source.write_bytes(b"bytes")
    source.chmod(0o600)
    link_or_copy(source, tmp_path / "b.bin")
    assert source.stat().st_mode & 0o777 == 0o600
    source.unlink()
    assert (tmp_path / "b.bin").read_bytes() == b"bytes"


def test_the_hash_is_sha256(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")  # the example of FIPS 180-4
    assert sha256_of(tmp_path / "a").startswith("ba7816bf8f01cfea414140de5dae2223")


@pytest.mark.parametrize("work", [copy_file, link_or_copy, None])
def test_long_work_on_bytes_can_be_ended(
    tmp_path: Path, work: Callable[..., None] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = tmp_path / "a.bin", tmp_path / "b.bin"
    source.write_bytes(bytes(3_000_000))
    monkeypatch.setattr(Path, "hardlink_to", _no_links)
    seen: list[int] = []

    def interrupt(done: int) -> None:
        seen.append(done)
        if len(seen) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        if work is None:
            sha256_of(source, interrupt)
        else:
            work(source, target, on_bytes=interrupt)
    assert seen == [2**20, 2**21]
    assert list(tmp_path.iterdir()) == [source]


def test_bytes_are_copied_where_links_are_not_possible(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "a.bin"
    source.write_bytes(bytes(range(256)) * 9000)
    monkeypatch.setattr(Path, "hardlink_to", _no_links)
    for number, work in enumerate((copy_file, link_or_copy)):
        target = tmp_path / str(number)
        work(source, target)
        assert target.read_bytes() == source.read_bytes()
        assert target.stat().st_ino != source.stat().st_ino


def test_a_folder_that_vanishes_meanwhile_is_made_again(tmp_path: Path) -> None:
    target = tmp_path / "area" / "a.bin"
    with publishing(target, workplace=tmp_path) as partial:
        partial.write_text("done")
        target.parent.rmdir()
    assert target.read_text() == "done"


def _no_links(*_: object) -> None:
    raise OSError(errno.EXDEV, "another file system")
