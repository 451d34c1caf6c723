"""A task's wishes resolved against the model that it names."""

from dataclasses import dataclass

from shared.domain.task import MOST_PICTURES, AnalysisOptions
from shared.errors import InvalidInputError
from shared.inference.models import Model, ModelStore


@dataclass(frozen=True, slots=True)
class Choice:
    """The model, its thresholds where the task names none, and the class ids to keep."""

    model: Model
    confidence: float
    iou: float
    class_ids: frozenset[int]


def choose(models: ModelStore, options: AnalysisOptions, *, runs: bool = True) -> Choice:
    """Resolve and check the options.

    Args:
        runs: whether the model is to run; else its manifest will do, which a pruned version keeps.

    Raises:
        InvalidInputError: `unknown_model`, `invalid_option`, `unknown_class`.
        ConflictError: `model_pruned`.
    """
    model = models.get(options.model) if runs else models.known(options.model)
    manifest = model.manifest
    if manifest.task != "detect":
        raise InvalidInputError(
            "invalid_option", f"model: {manifest.label} is no detector; name one that is."
        )
    default = manifest.thresholds
    confidence = default.confidence if options.confidence is None else options.confidence
    iou = default.iou if options.iou is None else options.iou
    _check_range("confidence", confidence)
    _check_range("iou", iou)
    _check_counts(options)
    return Choice(model, confidence, iou, _class_ids(options.classes, manifest.classes))


def _check_range(name: str, value: float) -> None:
    if not 0 < value <= 1:
        raise InvalidInputError(
            "invalid_option",
            f"{name}: {value:g} is not above 0 and at most 1; choose such a value.",
        )


def _check_counts(options: AnalysisOptions) -> None:
    if options.frame_skip < 0:
        raise InvalidInputError(
            "invalid_option", f"frame_skip: {options.frame_skip} is negative; give 0 or more."
        )
    if options.max_frames is not None and options.max_frames < 1:
        raise InvalidInputError(
            "invalid_option", f"max_frames: {options.max_frames} is below 1; give 1 or more."
        )
    check_num_frames(options.num_frames)


def check_num_frames(num_frames: int, least: int = 0) -> None:
    """Refuse more pictures than a task may leave.

    Raises:
        InvalidInputError: `invalid_option`.
    """
    if not least <= num_frames <= MOST_PICTURES:
        raise InvalidInputError(
            "invalid_option",
            f"num_frames: {num_frames} is not {least} to {MOST_PICTURES}; choose such a number.",
        )


def _class_ids(wanted: tuple[str, ...], known: tuple[str, ...]) -> frozenset[int]:
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise InvalidInputError(
            "unknown_class",
            f"classes: the model does not know {', '.join(unknown)}; it knows {', '.join(known)}.",
        )
    return frozenset(n for n, name in enumerate(known) if not wanted or name in wanted)
