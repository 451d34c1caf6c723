"""What a task left vanishes; what others need stays."""

from pathlib import Path

import pytest

from shared.errors import PermanentError
from shared.storage.erasure import erase_files
from shared.storage.files import write_bytes
from shared.storage.folder_storage import FolderStorage
from shared.storage.paths import Paths


def test_own_folders_and_unshared_files_vanish(tmp_path: Path) -> None:
    paths = Paths(tmp_path)
    ours = [
        paths.source("t"), paths.results("t", "m@1") / "results.csv",
        paths.results("t", "n@2") / "chunks" / "result_chunk_0.json",
        paths.detections("k") / "chunk-0.parquet", paths.frame("t", 7),
        paths.area("ada") / "clips" / "a.mp4",
    ]  # fmt: skip
    others = [
        paths.source("u"), paths.frame("u", 7), paths.area("ada") / "b.mp4",
        paths.detections("j") / "chunk-0.parquet",
    ]  # fmt: skip
    for file in (*ours, *others):
        write_bytes(file, b"x")
    for _ in range(2):
        erase_files(
            FolderStorage(tmp_path), "t", ["detections/k/chunk-0.parquet", "areas/ada/clips/a.mp4"]
        )
    left = {file for file in tmp_path.rglob("*") if file.is_file()}
    assert left == set(others)
    assert not paths.detections("k").exists()
    assert not (paths.area("ada") / "clips").exists()


@pytest.mark.parametrize("key", ["../outside", "/etc/hostname", "videos/../../outside"])
def test_nothing_outside_the_storage_is_touched(tmp_path: Path, key: str) -> None:
    (tmp_path / "outside").write_text("keep")
    with pytest.raises(PermanentError) as refused:
        erase_files(FolderStorage(tmp_path / "storage"), "t", [key])
    assert refused.value.code == "key_outside_storage"
    assert (tmp_path / "outside").exists()
