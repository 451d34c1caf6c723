"""A finished task over a temporary storage."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.pipeline.tools import Tools
from tests.support.finished_task import FinishedTask, finished_task
from tests.support.toolbox import toolbox


@pytest.fixture
def tools(tmp_path: Path) -> Iterator[Tools]:
    """Tools with an empty storage."""
    with toolbox(tmp_path / "data", threads=2) as composed:
        yield composed


@pytest.fixture
def finished(tools: Tools) -> FinishedTask:
    """90 frames, two subjects, two chunks."""
    return finished_task(tools)
