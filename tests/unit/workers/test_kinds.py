"""A worker does what it was told, or does not start; one that was told nothing does what it can."""

import logging
from pathlib import Path

import pytest

from shared.errors import InvalidInputError, PermanentError
from shared.settings import Settings
from workers.kinds import KINDS, NEED_TORCH, able_kinds, check_kinds, queues_of_kinds


@pytest.fixture
def with_torch(tmp_path: Path) -> Settings:
    """An interpreter that says that it has torch."""
    return Settings(train_python=_interpreter(tmp_path, """echo '{"torch": "2.9"}'"""))


@pytest.fixture
def without_torch(tmp_path: Path) -> Settings:
    return Settings(train_python=_interpreter(tmp_path, "echo No module named torch >&2; exit 1"))


def _interpreter(folder: Path, script: str) -> Path:
    (folder / "python").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "python").chmod(0o755)
    return folder / "python"


@pytest.mark.parametrize("kind", NEED_TORCH)
def test_what_needs_torch_and_was_asked_for_is_refused_without_it(
    without_torch: Settings, kind: str
) -> None:
    with pytest.raises(PermanentError, match="No module named torch") as refused:
        able_kinds(without_torch, ["video", kind])
    assert refused.value.code == "no_training_environment"
    assert "make .venv/.train" in refused.value.message


def test_what_is_no_python_is_refused_too(tmp_path: Path) -> None:
    for script in ("exit 0", "echo hello"):
        nothing = Settings(train_python=_interpreter(tmp_path, script))
        with pytest.raises(PermanentError, match="answers with something else") as refused:
            able_kinds(nothing, ["training"])
        assert refused.value.code == "no_training_environment"


def test_a_worker_that_was_told_nothing_leaves_it_to_others_and_says_so(
    without_torch: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        kinds = able_kinds(without_torch, None)
    assert set(KINDS) - set(kinds) == set(NEED_TORCH)
    assert {"video", "detection", "tracking"} <= set(queues_of_kinds(kinds))
    assert "training and deployment are left to other workers" in caplog.text
    assert "TRACKLOOP_TRAIN_PYTHON" in caplog.text


def test_with_torch_it_does_everything(with_torch: Settings) -> None:
    assert tuple(able_kinds(with_torch, None)) == KINDS
    assert able_kinds(with_torch, NEED_TORCH) == NEED_TORCH
    assert queues_of_kinds(KINDS) == queues_of_kinds(able_kinds(with_torch, None))


def test_nobody_is_asked_for_torch_who_does_not_need_it(tmp_path: Path) -> None:
    nowhere = Settings(train_python=tmp_path / "nowhere")
    assert able_kinds(nowhere, ["video", "notification"]) == ["video", "notification"]


@pytest.mark.parametrize("kinds", [[], ["cats"], ["video", ""]])
def test_what_no_worker_does_is_refused_with_what_they_do(kinds: list[str]) -> None:
    with pytest.raises(InvalidInputError, match=r"known queues: video, .*deployment") as refused:
        check_kinds(kinds)
    assert refused.value.code == "unknown_queue"
