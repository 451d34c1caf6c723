"""Options are checked before a task is submitted, and the message names the field."""

from dataclasses import replace
from pathlib import Path

import pytest

from shared.domain.task import AnalysisOptions
from shared.errors import InvalidInputError
from shared.inference.choice import check_num_frames, choose
from shared.inference.models import ModelStore
from shared.settings import Settings

ASKED = AnalysisOptions()


@pytest.fixture
def models(tmp_path: Path) -> ModelStore:
    return ModelStore(bundled=Settings().model_repository, own=tmp_path)


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("num_frames", -1, "invalid_option"), ("num_frames", 10_001, "invalid_option"),
        ("confidence", 0.0, "invalid_option"), ("confidence", float("nan"), "invalid_option"),
        ("iou", 1.5, "invalid_option"), ("frame_skip", -1, "invalid_option"),
        ("max_frames", 0, "invalid_option"), ("classes", ("unicorn",), "unknown_class"),
    ],
)  # fmt: skip
def test_a_wrong_option_is_refused_by_name(
    models: ModelStore, field: str, value: object, code: str
) -> None:
    with pytest.raises(InvalidInputError, match=f"^{field}: ") as refused:
        choose(models, replace(ASKED, **{field: value}))  # type: ignore[arg-type]
    assert refused.value.code == code
    assert refused.value.message.endswith(".")


@pytest.mark.parametrize("num_frames", [0, 1, 10_000])
def test_as_many_pictures_as_a_task_may_leave(models: ModelStore, num_frames: int) -> None:
    choose(models, replace(ASKED, num_frames=num_frames))


def test_a_task_for_pictures_wants_at_least_one() -> None:
    check_num_frames(1, least=1)
    with pytest.raises(InvalidInputError, match="1 to 10000"):
        check_num_frames(0, least=1)
