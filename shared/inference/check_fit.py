"""Does what came out of a model fit what its manifest says?"""

from collections.abc import Iterator

from shared.domain.model import ModelManifest
from shared.errors import ModelError
from shared.inference.output_form import channel_count, grid_cells
from shared.inference.trial import TrialRun

_SLACK = 0.05  # quantised networks overshoot 0 and 1 a little
_NORMALISED = 2.0
_FURTHEST_OFFSET = 8.0  # cells; a YOLOX offset is about 0 to 1, a decoded centre half the picture


def check_fit(run: TrialRun, manifest: ModelManifest, file_name: str) -> None:
    """Check one run's shape, classes and values.

    Raises:
        ModelError: `model_does_not_fit`: one sentence with both numbers.
    """
    for fault in _faults(run, manifest):
        raise ModelError("model_does_not_fit", f"{file_name}: {fault}.")


def _faults(run: TrialRun, manifest: ModelManifest) -> Iterator[str]:
    """Faults in the order in which they explain each other; the first is the one to tell."""
    if len(run.shape) != 3:
        yield f"the output has the shape {run.shape} instead of three axes; export a box detector"
        return
    channels = run.shape[1 if manifest.decoding == "raw" else 2]
    if channels != channel_count(manifest.decoding, len(manifest.classes)):
        yield _class_fault(channels, manifest)
    cells = grid_cells(manifest.input.height, manifest.input.width)
    if manifest.decoding == "grid" and run.shape[1] != cells:
        yield (
            f"the output has {run.shape[1]} rows but strides 8, 16 and 32 give {cells}; "
            "only heads on these strides can be read"
        )
    if not run.finite:
        yield (
            "the output holds infinite values or values that are no numbers; "
            "check --scale, --mean and --std, or export in float32"
        )
    yield from _value_faults(run, manifest)


def _class_fault(channels: int, manifest: ModelManifest) -> str:
    fixed = channel_count(manifest.decoding, 0)
    given = len(manifest.classes)
    if manifest.decoding == "end2end":
        return f"the output has {channels} values a box but end2end needs 6; choose --decoding"
    return (
        f"the output has {channels} values a box, that is {channels - fixed} classes, but "
        f"{given} class names were given; give one name for each class, or choose --decoding"
    )


def _value_faults(run: TrialRun, manifest: ModelManifest) -> Iterator[str]:
    scores = slice(4, 5) if manifest.decoding == "end2end" else slice(4, None)
    low, high = min(run.low[scores]), max(run.high[scores])
    if low < -_SLACK or high > 1 + _SLACK:
        yield (
            f"its scores lie between {low:.3g} and {high:.3g} instead of 0 and 1; "
            "export it with the sigmoid inside, or choose --decoding"
        )
    if manifest.decoding != "grid" and 0 < max(run.high[:4]) <= _NORMALISED:
        yield (
            f"its box coordinates end at {max(run.high[:4]):.3g}, so they are fractions of the "
            "picture; export it with boxes in pixels"
        )
    if manifest.decoding == "end2end" and run.high[5] > len(manifest.classes) - 1:
        yield (
            f"it found class {run.high[5]:.0f} but {len(manifest.classes)} class names were "
            "given; give one name for each class"
        )
    if manifest.decoding == "grid" and max(map(abs, run.middle[:2])) > _FURTHEST_OFFSET:
        yield (
            f"its boxes lie {max(map(abs, run.middle[:2])):.0f} cells from their own, so they "
            "are decoded already; export it without decoding in inference"
        )
