"""Only a run's own older results are ever replaced."""

import os
from pathlib import Path

import orjson
import pytest

from cli.out_folder import check_out, default_out, move_results
from shared.errors import InvalidInputError


@pytest.fixture
def storage(tmp_path: Path) -> Path:
    """A storage folder."""
    (tmp_path / "storage").mkdir()
    return tmp_path / "storage"


@pytest.fixture
def results(storage: Path) -> Path:
    """Results of a task, as the chain leaves them."""
    folder = storage / "inference_results" / "task" / "m@1"
    (folder / "chunks").mkdir(parents=True)
    names = ("results.csv", "chunks/result_chunk_1.json")
    for name in names:
        (folder / name).write_text("new")
    record = {"trackloop": "0", "source": "/v/a.mp4", "artefacts": [{"name": n} for n in names]}
    (folder / "run.json").write_bytes(orjson.dumps(record))
    return folder


def _code(out: Path, storage: Path) -> str:
    with pytest.raises(InvalidInputError) as refusal:
        check_out(out, storage)
    return refusal.value.code


def test_results_move_to_a_new_folder_and_leave_none_behind(
    tmp_path: Path, storage: Path, results: Path
) -> None:
    move_results(results, tmp_path / "out", storage)
    assert (tmp_path / "out/chunks/result_chunk_1.json").read_text() == "new"
    assert not results.exists()


def test_older_results_give_way(tmp_path: Path, storage: Path, results: Path) -> None:
    out = tmp_path / "out"
    move_results(results, out, storage)
    (out / "results.csv").write_text("old")
    (storage / "r").mkdir()
    (storage / "r" / "results.csv").write_text("newer")
    move_results(storage / "r", out, storage)
    assert [file.name for file in out.iterdir()] == ["results.csv"]
    assert (out / "results.csv").read_text() == "newer"


def test_results_beside_a_strangers_file_stay(tmp_path: Path, storage: Path, results: Path) -> None:
    out = tmp_path / "out"
    move_results(results, out, storage)
    (out / "chunks" / "notes.txt").write_text("mine")
    assert _code(out, storage) == "out_not_empty"


@pytest.mark.parametrize("record", [b'{"name": "my project"}', b"[]", b"no json"])
def test_another_programs_run_json_is_no_result(
    tmp_path: Path, storage: Path, record: bytes
) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "run.json").write_bytes(record)
    (tmp_path / "project" / "main.py").touch()
    assert _code(tmp_path / "project", storage) == "out_not_empty"


def test_a_stranger_that_came_meanwhile_is_not_deleted(
    tmp_path: Path, storage: Path, results: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    check_out(out, storage)
    (out / "thesis.tex").touch()
    with pytest.raises(InvalidInputError):
        move_results(results, out, storage)
    assert (out / "thesis.tex").exists()
    assert results.exists()


def test_the_folder_that_one_is_in_is_refused(
    tmp_path: Path, storage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here" / "below"
    here.mkdir(parents=True)
    monkeypatch.chdir(here)
    assert _code(Path(), storage) == "out_not_usable"
    assert _code(Path(".."), storage) == "out_not_usable"


def test_the_storage_is_refused(storage: Path) -> None:
    assert _code(storage, storage) == "out_not_usable"
    assert _code(storage.parent, storage) == "out_not_usable"


def test_a_file_is_refused(tmp_path: Path, storage: Path) -> None:
    (tmp_path / "file").touch()
    assert _code(tmp_path / "file", storage) == "out_not_usable"


def test_a_place_that_cannot_be_written_is_refused_at_once(storage: Path) -> None:
    assert _code(Path("/proc/results/here"), storage) == "out_not_usable"


def test_a_link_is_followed(tmp_path: Path, storage: Path, results: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    move_results(results, tmp_path / "link", storage)
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real" / "results.csv").exists()


def test_videos_of_one_name_get_folders_of_their_own(
    tmp_path: Path, storage: Path, results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert default_out(Path("/v/a.mp4")) == Path("runs/a")
    move_results(results, Path("runs/a"), storage)
    assert default_out(Path("/v/a.mp4")) == Path("runs/a")
    assert default_out(Path("/w/a.mp4")) == Path("runs/a-2")
    assert not os.path.lexists("runs/a-2")
