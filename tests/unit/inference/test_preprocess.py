"""The table of each channel gives what the arithmetic gives."""

from itertools import product

import numpy as np
import pytest

from shared.domain.model import ModelInput
from shared.inference.preprocess import Preprocess

IMAGENET = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}
VARIANTS = list(product(("NCHW", "NHWC"), ("RGB", "BGR"), (1.0, 1 / 255), ({}, IMAGENET)))


@pytest.mark.parametrize(("layout", "channels", "scale", "normal"), VARIANTS)
def test_floats_follow_the_manifest(
    layout: str, channels: str, scale: float, normal: dict[str, tuple[float, float, float]]
) -> None:
    images = np.random.default_rng(1).integers(0, 256, (2, 32, 48, 3), np.uint8)
    spec = ModelInput(
        "x", 32, 48, layout=layout, channels=channels, scale=scale, max_batch=2, **normal
    )
    expected = images[..., ::-1] if channels == "BGR" else images
    expected = (expected.astype(np.float64) * scale - spec.mean) / spec.std
    if layout == "NCHW":
        expected = expected.transpose(0, 3, 1, 2)
    prepared = Preprocess(spec)(images)
    assert prepared.dtype == np.float32
    assert prepared.flags.c_contiguous
    np.testing.assert_allclose(prepared, expected, rtol=2e-6, atol=2e-6)


def test_bytes_go_in_without_a_copy() -> None:
    images = np.zeros((1, 32, 32, 3), np.uint8)
    spec = ModelInput("x", 32, 32, layout="NHWC", dtype="uint8")
    assert Preprocess(spec)(images) is images


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
def test_bytes_may_change_order(layout: str) -> None:
    images = np.random.default_rng(1).integers(0, 256, (1, 32, 48, 3), np.uint8)
    spec = ModelInput("x", 32, 48, layout=layout, dtype="uint8", channels="BGR")
    expected = images[..., ::-1]
    expected = expected.transpose(0, 3, 1, 2) if layout == "NCHW" else expected
    np.testing.assert_array_equal(Preprocess(spec)(images), expected)
