"""Publish the frames that people should label, with the model's boxes to begin with."""

import numpy as np
from numpy.typing import NDArray

from shared.domain.label import LabelledPicture, Labels
from shared.domain.task import LabelingOptions, Task
from shared.labels.held_out import held_out_frames
from shared.labels.proposals import Proposals
from shared.pipeline.step import Output
from shared.pipeline.tools import Tools
from shared.progress.port import StepProgress
from shared.storage.documents import write_document
from shared.storage.files import publishing_folder
from shared.storage.paths import Paths
from shared.vision.chosen import colour_space, read_chosen
from shared.vision.picture import jpeg
from workers.labeling_manager.analysed_video import AnalysedVideo
from workers.labeling_manager.asked import analysed
from workers.labeling_manager.choose_frames import Candidates, choose_frames
from workers.labeling_manager.interest import change, doubt
from workers.labeling_manager.likeness import SIGNATURE_SIDE, signature
from workers.labeling_manager.proposing import model_boxes
from workers.labeling_manager.spread import spread

_LEAST_LOOKED_AT, _LOOKED_AT_A_FRAME = 300, 2
"""Frames that are decoded to choose from: so many, and more where more are wanted."""


def select_frames(tools: Tools, task: Task[LabelingOptions]) -> Output:
    """Publish JPEGs of the chosen frames, and the boxes that the model is sure of in each.

    Returns:
        `frames`, the names of the pictures; their `count`, fewer than `wanted` where all others
        look nearly the same or the video has no more; how many are `held_out`.

    Raises:
        InvalidInputError: `unknown_model`, `invalid_option`, `unknown_class`.
        PermanentError: `no_analysis`.
        MediaError: `video_changed`.
        TransientError: `disk_full`.
    """
    options = task.options
    source = AnalysedVideo.of(tools, analysed(task), options.analysis)
    progress = StepProgress(tools.progress, task.id, "select_frames", "frames")
    chosen = _chosen(source, options, progress)
    names = [f"{task.id}-{ordinal:06d}.jpg" for ordinal in chosen]
    _publish(tools.paths, task.id, source, dict(zip(chosen, names, strict=True)))
    write_document(tools.paths.proposals(task.id), _proposals(source, chosen, names))
    held = int(held_out_frames(source.sha256, chosen).sum())
    return {
        "frames": list(names), "count": len(names), "wanted": options.num_frames, "held_out": held,
    }  # fmt: skip


def _chosen(source: AnalysedVideo, options: LabelingOptions, progress: StepProgress) -> list[int]:
    step, count = options.analysis.frame_skip + 1, options.num_frames
    analysed_frames = range(0, len(source.index), step)
    looked_at = spread(analysed_frames, max(_LEAST_LOOKED_AT, _LOOKED_AT_A_FRAME * count))
    candidates = _candidates(source, looked_at, step, progress, len(looked_at))
    chosen: list[int] = candidates.ordinal[choose_frames(candidates, count)].tolist()
    return chosen


def _candidates(
    source: AnalysedVideo, ordinals: list[int], step: int, progress: StepProgress, total: int
) -> Candidates:
    last = len(source.index) - 1
    around = {n: [m for m in (n - step, n + step) if 0 <= m <= last] for n in ordinals}
    found = source.found(sorted({*ordinals, *(m for each in around.values() for m in each)}))
    sure = source.choice.confidence
    changes = [change(found[n], [found[m] for m in around[n]], sure) for n in ordinals]
    return Candidates(
        np.array(ordinals, np.int64),
        source.index.seconds[ordinals],
        _signatures(source, ordinals, progress, total),
        np.array([doubt(found[n], sure) for n in ordinals]),
        np.array(changes),
        held_out_frames(source.sha256, ordinals),
    )


def _signatures(
    source: AnalysedVideo, ordinals: list[int], progress: StepProgress, total: int
) -> NDArray[np.uint8]:
    """uint8 (M, 1024)."""
    signatures = np.empty((len(ordinals), SIGNATURE_SIDE**2), np.uint8)
    done = 0
    orientation = source.meta.orientation
    for frame, is_wanted in read_chosen(source.video, source.index, orientation, ordinals):
        if is_wanted:
            signatures[done] = signature(frame.y)
            done += 1
        progress.update(done, total)
    return signatures


def _publish(paths: Paths, task_id: str, source: AnalysedVideo, names: dict[int, str]) -> None:
    meta, workplace = source.meta, paths.labels(task_id)
    space = colour_space(source.video)
    workplace.mkdir(parents=True, exist_ok=True)
    with publishing_folder(paths.chosen(task_id), workplace=workplace) as folder:
        for frame, is_wanted in read_chosen(
            source.video, source.index, meta.orientation, list(names)
        ):
            if is_wanted:
                picture = jpeg(frame, space, meta.width, meta.height)
                (folder / names[frame.ordinal]).write_bytes(picture)


def _proposals(source: AnalysedVideo, ordinals: list[int], names: list[str]) -> Proposals:
    """Of every class that the model knows, whatever the analysis looked for: who labels a picture
    that leaves some out would teach the next model that they are not there.
    """
    manifest, found = source.choice.model.manifest, source.found(ordinals)
    size = source.meta.width, source.meta.height
    pictures = [
        LabelledPicture(name, size, model_boxes(found[ordinal], source.choice.confidence))
        for ordinal, name in zip(ordinals, names, strict=True)
    ]
    labels = Labels(manifest.classes, pictures)
    return Proposals(source.sha256, manifest.label, labels, tuple(ordinals))
