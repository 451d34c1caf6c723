"""From what a file says and what the user says to a manifest; what neither says is asked for."""

from dataclasses import replace

from shared.domain.model import Decoding, ModelInput, ModelManifest, Thresholds
from shared.errors import InvalidInputError, ModelError
from shared.inference.add_request import AddRequest
from shared.inference.inspect_model import ModelFacts
from shared.inference.manifest import LARGEST_SIDE, is_slug
from shared.inference.output_form import Shape, channel_count, grid_cells, infer_decoding

_BATCH = 8


def compose_manifest(
    facts: ModelFacts, request: AddRequest, sha256: str, file_name: str
) -> ModelManifest:
    """The manifest of version 1, before anything was run.

    Dynamic axes are believed here; the trial run finds out.

    Raises:
        InvalidInputError: `bad_model_name`, or `bad_option`.
        ModelError: `model_needs_option`, naming the option; `model_does_not_fit`.
    """
    if not is_slug(request.name):
        raise InvalidInputError(
            "bad_model_name",
            f"--name {request.name!r} must be lower-case letters, digits, '_', '.' and '-', "
            "beginning with a letter or digit, 64 characters at most.",
        )
    size = _size(facts, request, file_name)
    decoding = request.decoding or _decoding(facts, size, file_name)
    return ModelManifest(
        name=request.name,
        version="1",
        task="detect",
        classes=_classes(facts, request, decoding, file_name),
        decoding=decoding,
        input=_input(facts, request, decoding, size),
        sha256=sha256,
        thresholds=_thresholds(request),
        licence=request.licence or facts.notes.licence or "unknown",
    )


def _size(facts: ModelFacts, request: AddRequest, file_name: str) -> tuple[int, int]:
    fixed = (facts.height, facts.width)
    wanted = request.size or facts.notes.size or (0, 0)
    if request.size and any(
        axis not in (None, side) for axis, side in zip(fixed, wanted, strict=True)
    ):
        raise _does_not_fit(
            file_name, f"its input is {fixed[0]} x {fixed[1]} pixels (height x width), "
            f"--size says {wanted[0]} x {wanted[1]}; leave --size out",
        )  # fmt: skip
    height, width = fixed[0] or wanted[0], fixed[1] or wanted[1]
    if not (height and width):
        raise _needs_option(file_name, "its input takes any size", "--size HxW, such as 640x640")
    for side, axis in ((height, fixed[0]), (width, fixed[1])):
        if not 1 <= side <= LARGEST_SIDE or (axis is None and side % 32):
            raise InvalidInputError(
                "bad_option",
                f"--size {height}x{width} for {file_name}: both sides must be multiples of 32, "
                f"{LARGEST_SIDE} at most.",
            )
    return height, width


def _decoding(facts: ModelFacts, size: tuple[int, int], file_name: str) -> Decoding:
    output, cells = facts.output, grid_cells(*size)
    found = infer_decoding(output, cells)
    if found is None and facts.notes.end2end is not None:
        found = "end2end" if facts.notes.end2end else "raw"
    if found is not None:
        return found
    if output is None or (len(output) == 3 and None in output[1:]):
        raise _needs_option(
            file_name, "its output shape does not tell how boxes are coded",
            "--decoding raw, end2end or grid",
        )  # fmt: skip
    raise _does_not_fit(
        file_name, f"its output has the shape {output}, which is none of (B, 4+C, A), (B, N, 6) "
        f"and (B, {cells}, 5+C); export the model in one of these forms",
    )  # fmt: skip


def _classes(
    facts: ModelFacts, request: AddRequest, decoding: Decoding, file_name: str
) -> tuple[str, ...]:
    classes = request.classes or facts.notes.classes
    if classes is None:
        count = _class_count(facts.output, decoding)
        raise _needs_option(
            file_name, f"it does not name its {f'{count} ' if count else ''}classes",
            "--classes a,b,c or --classes-file, every name in the order of training",
        )  # fmt: skip
    if not all(name.strip() for name in classes):
        raise InvalidInputError(
            "bad_option", f"--classes for {file_name} holds an empty name; name every class."
        )
    return classes


def _class_count(output: Shape | None, decoding: Decoding) -> int | None:
    """Classes that the output shape gives away."""
    if output is None or len(output) != 3 or decoding == "end2end":
        return None
    channels = output[1 if decoding == "raw" else 2]
    return None if channels is None else channels - channel_count(decoding, 0)


def _input(
    facts: ModelFacts, request: AddRequest, decoding: Decoding, size: tuple[int, int]
) -> ModelInput:
    arithmetic = (request.scale, request.mean, request.std)
    if facts.dtype == "uint8" and any(value is not None for value in arithmetic):
        raise InvalidInputError(
            "bad_option",
            "--scale, --mean and --std do not apply to a model with uint8 input, which does its "
            "own arithmetic; leave them out.",
        )
    yolox = decoding == "grid"
    scale = 1.0 if yolox or facts.dtype == "uint8" else 1 / 255
    return ModelInput(
        name=facts.input_name,
        height=size[0],
        width=size[1],
        layout=facts.layout,
        dtype=facts.dtype,
        channels=request.channels or ("BGR" if yolox and facts.dtype == "float32" else "RGB"),
        scale=scale if request.scale is None else request.scale,
        mean=request.mean or (0.0, 0.0, 0.0),
        std=request.std or (1.0, 1.0, 1.0),
        dynamic_size=facts.height is None and facts.width is None,
        max_batch=_BATCH if facts.batch is None else 1,
    )


def _thresholds(request: AddRequest) -> Thresholds:
    given = {"confidence": request.confidence, "iou": request.iou}
    return replace(Thresholds(), **{k: value for k, value in given.items() if value is not None})


def _needs_option(file_name: str, fault: str, option: str) -> ModelError:
    return ModelError("model_needs_option", f"{file_name}: {fault}; give {option}.")


def _does_not_fit(file_name: str, fault: str) -> ModelError:
    return ModelError("model_does_not_fit", f"{file_name}: {fault}.")
