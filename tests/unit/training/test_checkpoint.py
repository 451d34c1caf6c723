"""A checkpoint is whole or not there, and of this training or refused."""

from pathlib import Path

import pytest

from shared.errors import PermanentError
from shared.training.child.checkpoint import Checkpoint, CheckpointFolder, Epoch


def epoch(number: int) -> Epoch:
    return Epoch(number, 1.0, 0.001, {"box_loss": 1.0}, {"mAP50": 0.1 * number})


def committed(folder: CheckpointFolder, tmp_path: Path, *best: bool) -> Checkpoint | None:
    before = None
    for number, is_best in enumerate(best, start=1):
        saved = tmp_path / "last.pt"
        saved.write_bytes(b"epoch %d" % number)
        before = folder.commit(saved, before, epoch(number), is_best=is_best, ended=False)
    return before


def test_nothing_is_there_before_the_first_epoch_ended(tmp_path: Path) -> None:
    assert CheckpointFolder(tmp_path / "checkpoint", "job").read() is None


def test_only_the_last_and_the_best_stay(tmp_path: Path) -> None:
    folder = CheckpointFolder(tmp_path / "checkpoint", "job")
    written = committed(folder, tmp_path, True, True, False, False)
    found = CheckpointFolder(tmp_path / "checkpoint", "job").read()
    assert found == written
    assert found is not None
    assert (found.last, found.best, found.best_epoch) == ("epoch-0004.pt", "epoch-0002.pt", 2)
    assert [each.epoch for each in found.epochs] == [1, 2, 3, 4]
    kept = {file.name for file in (tmp_path / "checkpoint").glob("*.pt")}
    assert kept == {"epoch-0002.pt", "epoch-0004.pt"}
    assert folder.path(found.last).read_bytes() == b"epoch 4"


def test_a_file_that_nobody_committed_yet_changes_nothing(tmp_path: Path) -> None:
    folder = CheckpointFolder(tmp_path / "checkpoint", "job")
    written = committed(folder, tmp_path, True)
    (tmp_path / "checkpoint" / "epoch-0002.pt").write_bytes(b"half")
    assert folder.read() == written


@pytest.mark.parametrize("name", ["epoch-0001.pt", "epoch-0002.pt"])
def test_a_changed_file_is_not_loaded(name: str, tmp_path: Path) -> None:
    folder = CheckpointFolder(tmp_path / "checkpoint", "job")
    committed(folder, tmp_path, True, False)
    (tmp_path / "checkpoint" / name).write_bytes(b"evil")
    with pytest.raises(PermanentError) as refused:
        folder.read()
    assert refused.value.code == "foreign_weights"


def test_another_training_has_a_folder_of_its_own(tmp_path: Path) -> None:
    committed(CheckpointFolder(tmp_path / "checkpoint", "job"), tmp_path, True)
    with pytest.raises(PermanentError) as refused:
        CheckpointFolder(tmp_path / "checkpoint", "other").read()
    assert refused.value.code == "checkpoint_of_another_job"
