"""What a training begins with."""

from pathlib import Path

import pytest

from model_trainer.steps.fit import fit
from shared.domain.task import Task, TrainingOptions
from shared.errors import InvalidInputError
from tests.support.deploying import NAME, publish_present
from tests.support.toolbox import toolbox


def test_who_asks_for_weights_that_are_not_there_does_not_get_a_start_from_scratch(
    tmp_path: Path,
) -> None:
    with toolbox(tmp_path / "root") as tools:
        publish_present(tools, ("a", "b"))
        options = TrainingOptions("dataset-task", f"{NAME}@1", {"base": "current"})
        with pytest.raises(InvalidInputError) as refused:
            fit(tools, Task("training-task", "", options))
    assert refused.value.code == "base_needs_weights"
