"""Room for a run: nobody else clears it while it lives, the next run clears it when it died."""

import fcntl
from pathlib import Path

import pytest

from cli.workspace import workspace
from shared.storage.paths import Paths


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    """An empty storage."""
    return Paths(tmp_path)


def test_the_folders_vanish_with_the_run(paths: Paths) -> None:
    with workspace(paths, Path("Visit 3.mp4")) as task_id:
        paths.results(task_id, "m@1").mkdir(parents=True)
        assert paths.videos(task_id).is_dir()
        assert "Visit-3" in task_id
    assert not list(paths.videos("").iterdir())
    assert not list(paths.results("", "").iterdir())


def test_a_living_run_is_left_alone(paths: Paths) -> None:
    with workspace(paths, Path("a.mp4")) as living:
        with workspace(paths, Path("b.mp4")):
            assert paths.videos(living).is_dir()
        assert paths.videos(living).is_dir()


def test_what_a_killed_run_left_is_cleared(paths: Paths) -> None:
    dead = "run-dead"
    for folder in (paths.videos(dead), paths.results(dead, "m@1")):
        folder.mkdir(parents=True)
    (paths.videos(dead) / ".lock").touch()
    with workspace(paths, Path("a.mp4")):
        assert not paths.videos(dead).exists()
        assert not paths.results(dead, "").exists()


def test_a_run_shows_itself_only_once_it_holds_its_lock(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    lock = fcntl.flock

    def watched(file: object, operation: int) -> None:
        seen.extend(folder.name for folder in paths.videos("").glob("run-*"))
        lock(file, operation)  # type: ignore[arg-type]

    monkeypatch.setattr("cli.workspace.fcntl.flock", watched)
    with workspace(paths, Path("a.mp4")):
        assert not seen
