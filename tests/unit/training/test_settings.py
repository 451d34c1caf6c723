"""Settings of a fit name the field that is wrong."""

from typing import Any

import pytest

from shared.errors import InvalidInputError
from shared.training.settings import FitSettings, parse_fit_settings


def test_what_is_left_out_has_a_default() -> None:
    assert parse_fit_settings({}) == FitSettings()
    assert parse_fit_settings({"epochs": 5}).epochs == 5


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("epochs", 0),
        ("epochs", "many"),
        ("image_size", 100),
        ("image_size", 32),
        ("batch", 0),
        ("patience", -1),
        ("learning_rate", 0),
        ("learning_rate", float("nan")),
        ("seed", 2**40),
        ("base", "yolo11n.pt"),
        ("size", "huge"),
        ("mosaic", 1.5),
        ("validation_share", 0),
        ("epoch", 3),
    ],
)
def test_a_wrong_value_names_its_field(field: str, value: Any) -> None:
    with pytest.raises(InvalidInputError, match=f"^{field}: ") as refused:
        parse_fit_settings({field: value})
    assert refused.value.code == "invalid_training_setting"
