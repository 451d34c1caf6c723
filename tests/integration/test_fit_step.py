"""A training as a task: what it has reached is seen while it runs, and again where it goes on."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from model_trainer.steps.fit import fit
from shared.domain.task import Task, TrainingOptions
from shared.pipeline.tools import Tools
from shared.progress.memory_board import MemoryBoard
from shared.progress.port import Found
from tests.support.deploying import DATASET, NAME, publish_present
from tests.support.toolbox import toolbox
from tests.support.trained_model import THREADS
from tests.support.training_sets import CLASSES, train_python, write_dataset

pytestmark = pytest.mark.slow

SETTINGS = {"epochs": 3, "image_size": 64, "batch": 8, "size": "atto", "mosaic": 0}


class StoppingBoard(MemoryBoard):
    """Keeps what could be read after each report, and ends the step at one of them."""

    def __init__(self, stop_after: float) -> None:
        super().__init__()
        self.read_then: list[Found] = []
        self._stop_after = stop_after

    def report(self, task_id: str, *arguments: Any, **named: Any) -> None:
        """Keep it; raise where it is enough."""
        super().report(task_id, *arguments, **named)
        now = self.read(task_id)
        assert now is not None
        if now.found and now.found not in self.read_then:
            self.read_then.append(now.found)
        if now.done >= self._stop_after:
            raise InterruptedError


@pytest.fixture
def tools(tmp_path: Path) -> Iterator[Tools]:
    with toolbox(tmp_path / "root", train_python=train_python(), threads=THREADS) as tools:
        write_dataset(tools.paths.train_log(DATASET), train=20, test=2)
        publish_present(tools, CLASSES)
        yield tools


def test_each_epoch_is_seen_while_it_trains_also_where_it_was_interrupted(tools: Tools) -> None:
    task = Task("fit-task", "", TrainingOptions(DATASET, f"{NAME}@1", SETTINGS), DATASET)
    first, second = StoppingBoard(stop_after=2), StoppingBoard(stop_after=100)
    with pytest.raises(InterruptedError):
        fit(replace(tools, progress=first), task)
    output = fit(replace(tools, progress=second), task)
    log = tools.paths.train_log(task.id)
    written = orjson.loads((log / "metrics.json").read_bytes())
    assert [found["epoch"] for found in first.read_then] == [1, 2]
    assert [found["epoch"] for found in second.read_then] == [2, 3]
    for found in first.read_then + second.read_then:
        epoch = written["epochs"][found["epoch"] - 1]
        assert {"box_loss", "cls_loss"} <= found["losses"].keys()
        assert (found["losses"], found["metrics"]) == (epoch["losses"], epoch["metrics"])
        best = written["epochs"][found["best_epoch"] - 1]["metrics"]
        assert found["best_metrics"].items() <= best.items()
        assert {"mAP50", "mAP50_95"} <= found["best_metrics"].keys()
    last = second.read_then[-1]
    assert (last["best_epoch"], last["best_metrics"]) == (output["best_epoch"], output["metrics"])
