"""Publish pictures that came as pictures, with a model's boxes to begin with."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from shared.decoding_process import run_decoding
from shared.domain.label import LabelledPicture, Labels
from shared.domain.task import LabelingOptions, Task
from shared.errors import InvalidInputError, MediaError, NotFoundError, TransientError
from shared.evaluation.measure import measure
from shared.fetch.picture_folder import LARGEST_PICTURE, folder_key, pictures_in
from shared.fetch.shown import shown
from shared.inference.choice import Choice, choose
from shared.labels.proposals import Origin, Proposals
from shared.pipeline.step import Output
from shared.pipeline.tools import Tools
from shared.progress.port import StepProgress
from shared.storage.documents import read_document, write_document
from shared.storage.files import publishing_folder, sha256_of
from shared.storage.folder_storage import FolderStorage
from shared.storage.keys import area_place, path_in_area
from shared.storage.paths import Paths
from workers.labeling_manager.asked import analysed
from workers.labeling_manager.division import held_out
from workers.labeling_manager.likeness import too_near
from workers.labeling_manager.proposing import model_boxes
from workers.labeling_manager.redraw import Redrawn, RedrawRequest
from workers.labeling_manager.spread import spread

_REDRAW = "workers.labeling_manager.redraw"


@dataclass(frozen=True, slots=True)
class _Source:
    """A picture as it came. `shown`: what its owner calls it; `number`: in its name from now on."""

    file: Path
    shown: str
    number: int


def select_pictures(tools: Tools, task: Task[LabelingOptions]) -> Output:
    """Publish the pictures of a folder of the owner's area, or the frames that a task extracted.

    All of them, near duplicates too, or `num_frames` of them, evenly spread. What is nearly the
    same as a picture that is held out is labelled, but not trained on: it is `set_aside`.

    Returns:
        `frames`, their names; their `count`, of so many that are `there`; how many are
        `held_out` and `set_aside`.

    Raises:
        InvalidInputError: `unknown_model`, `invalid_option`, `unknown_class`, `bad_folder`.
        PermanentError: `no_analysis`.
        NotFoundError: `no_such_folder`.
        TooLargeError: `too_many_bytes`.
        MediaError: `bad_picture`, `decode_timeout`, `decoder_died`.
        ModelError: `inference_failed`, `model_does_not_fit`.
        TransientError: `disk_full`.
    """
    paths, options = tools.paths, task.options
    choice = choose(tools.models, options.analysis)
    there = _of_folder(tools, task) if options.frames == "folder" else _extracted(paths, task)
    sources = spread(there, options.num_frames)
    paths.labels(task.id).mkdir(parents=True, exist_ok=True)
    with publishing_folder(paths.chosen(task.id), workplace=paths.labels(task.id)) as folder:
        redrawn, signatures = _redrawn(tools, task, sources, folder)
        pictures = _pictures(tools, task, choice, redrawn, folder)
    labels = Labels(choice.model.manifest.classes, pictures)
    proposed = _proposals(paths, task, sources, redrawn, choice.model.manifest.label, labels)
    held = np.array(list(held_out(proposed).values()), np.bool_)
    names = [picture.name for picture in pictures]
    aside = tuple(names[row] for row in np.flatnonzero(too_near(signatures, held)))
    write_document(paths.proposals(task.id), replace(proposed, set_aside=aside))
    return {
        "frames": list(names), "count": len(names), "there": len(there),
        "held_out": int(held.sum()), "set_aside": len(aside),
    }  # fmt: skip


def _of_folder(tools: Tools, task: Task[LabelingOptions]) -> list[_Source]:
    paths, key = tools.paths, folder_key(task.source)
    if key is None:
        raise InvalidInputError(
            "bad_folder", f"folder_path: {shown(task.source)} is no folder; name one and ask again."
        )
    found = pictures_in(FolderStorage(paths.root), key, tools.settings)
    return [
        _Source(area_place(paths, each.key), path_in_area(each.key), number)
        for number, each in enumerate(found)
    ]


def _extracted(paths: Paths, task: Task[LabelingOptions]) -> list[_Source]:
    pictures = sorted(paths.frames(analysed(task)).glob("*.jpg"))
    if not pictures:
        raise NotFoundError(
            "no_such_folder", "folder_path: no frames were extracted; extract some and ask again."
        )
    return [_Source(file, file.name, int(file.stem)) for file in pictures]


def _redrawn(
    tools: Tools, task: Task[LabelingOptions], sources: Sequence[_Source], folder: Path
) -> tuple[Redrawn, NDArray[np.uint8]]:
    """What is known of the pictures, which now lie in the folder, and their signatures."""
    settings, progress = tools.settings, _progress(tools, task)
    with TemporaryDirectory(dir=folder.parent, prefix=".part-") as place:
        request = RedrawRequest(
            tuple((each.file, each.shown, _name(task, each)) for each in sources),
            folder, Path(place) / "facts.json", Path(place) / "signatures",
            settings.max_pixels, LARGEST_PICTURE, settings.probe_memory_bytes,
        )  # fmt: skip
        answer = run_decoding(
            _REDRAW, request, Path(place), "The pictures", settings.probe_timeout_seconds,
            lambda done, _: progress.update(done, 2 * len(sources)),
        )  # fmt: skip
        if "code" in answer:
            kind = TransientError if answer["code"] == "disk_full" else MediaError
            raise kind(answer["code"], answer["message"])
        signatures = np.fromfile(request.signatures, np.uint8).reshape(len(sources), -1)
        return read_document(request.facts, Redrawn), signatures


def _pictures(
    tools: Tools, task: Task[LabelingOptions], choice: Choice, redrawn: Redrawn, folder: Path
) -> list[LabelledPicture]:
    """The pictures with the boxes that the model is sure of; of every class that it knows."""
    names = sorted(file.name for file in folder.iterdir())
    bare = [
        LabelledPicture(name, size, ()) for name, size in zip(names, redrawn.sizes, strict=True)
    ]
    manifest, progress = choice.model.manifest, _progress(tools, task)
    found = measure(
        tools.open_runtime(choice.model), manifest, Labels(manifest.classes, bare), folder,
        iou=choice.iou, on_picture=lambda done: progress.update(len(bare) + done, 2 * len(bare)),
    )  # fmt: skip
    return [
        replace(picture, boxes=model_boxes(boxes, choice.confidence))
        for picture, boxes in zip(bare, found.found, strict=True)
    ]


def _proposals(
    paths: Paths, task: Task[LabelingOptions], sources: Sequence[_Source], redrawn: Redrawn,
    model: str, labels: Labels,
) -> Proposals:  # fmt: skip
    if task.options.frames == "folder":
        origins = zip(sources, redrawn.sha256, strict=True)
        came = tuple(Origin(source.shown, sha256) for source, sha256 in origins)
        return Proposals(None, model, labels, (), came)
    video = sha256_of(paths.source(analysed(task)))
    return Proposals(video, model, labels, tuple(source.number for source in sources))


def _progress(tools: Tools, task: Task[LabelingOptions]) -> StepProgress:
    """Of two rounds through the pictures: they are drawn anew, then a model looks at them."""
    return StepProgress(tools.progress, task.id, "select_pictures", "pictures")


def _name(task: Task[LabelingOptions], source: _Source) -> str:
    return f"{task.id}-{source.number:06d}.jpg"
