"""Two trainings never work in one folder."""

from pathlib import Path

import pytest

from shared.errors import TransientError
from shared.training.child.held_folder import held


def test_the_second_one_is_to_come_again(tmp_path: Path) -> None:
    with held(tmp_path), pytest.raises(TransientError) as refused, held(tmp_path, patience=0):
        pass
    assert refused.value.code == "work_folder_busy"
    with held(tmp_path, patience=0):
        pass
