"""The events that steps send with their commits."""

import orjson

from shared.domain.labeling import RequestedLabels
from shared.domain.task import AnyTask, Task
from shared.events.labeling import DatasetPrepared, LabelingCompleted, LabelingRequested
from shared.events.results import ResultsUploaded, UploadedArtefact
from shared.events.video import VideoDownloaded, public_source
from shared.fetch.shown import shown
from shared.inference.choice import choose
from shared.labels.check import check_labels
from shared.labels.coco import read_coco
from shared.labels.split_file import SPLIT_FILE, read_split
from shared.pipeline.step import Finished
from shared.pipeline.tools import Tools
from shared.storage.documents import read_document
from workers.artefacts import results_folder


def video_downloaded(_: Tools, task: AnyTask, finished: Finished) -> VideoDownloaded:
    """The source lies in the storage."""
    (source,) = finished.artefacts
    return VideoDownloaded(
        user_id=finished.user_id,
        bytes=source.size,
        sha256=source.sha256,
        source=public_source(shown(task.source)),
    )


def results_uploaded(tools: Tools, task: Task, finished: Finished) -> ResultsUploaded:
    """Every result lies in the storage; run.json lists the others."""
    record = orjson.loads((results_folder(tools, task) / "run.json").read_bytes())
    listed = [UploadedArtefact(**artefact) for artefact in record["artefacts"]]
    own = [
        UploadedArtefact(name=file.name, sha256=file.sha256, size=file.size)
        for file in finished.artefacts
    ]
    label = choose(tools.models, task.options).model.manifest.label
    return ResultsUploaded(user_id=finished.user_id, model=label, artefacts=(*listed, *own))


def labeling_requested(tools: Tools, task: AnyTask, finished: Finished) -> LabelingRequested:
    """Pictures wait for people."""
    requested = read_document(tools.paths.label_request(task.id), RequestedLabels)
    return LabelingRequested(
        user_id=finished.user_id, project=requested.project, pictures=requested.pictures,
        url=requested.url,
    )  # fmt: skip


def labeling_completed(tools: Tools, task: AnyTask, finished: Finished) -> LabelingCompleted:
    """People are done."""
    report = check_labels(read_coco(tools.paths.collected(task.id) / "labels.json"))
    return LabelingCompleted(
        user_id=finished.user_id, pictures=report.pictures, boxes=dict(report.boxes)
    )


def dataset_prepared(tools: Tools, task: AnyTask, finished: Finished) -> DatasetPrepared:
    """There is something to train on."""
    folder = tools.paths.train_log(task.id)
    split = read_split(folder / SPLIT_FILE)
    report = orjson.loads((folder / "report.json").read_bytes())
    return DatasetPrepared(
        user_id=finished.user_id, train=len(split.train), test=len(split.test),
        boxes=report["labels"]["boxes"],
    )  # fmt: skip
