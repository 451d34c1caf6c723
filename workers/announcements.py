"""The events that steps of the video chain send with their commits."""

import orjson

from shared.domain.task import AnyTask, Task
from shared.events.results import ResultsUploaded, UploadedArtefact
from shared.events.video import VideoDownloaded, public_source
from shared.fetch.shown import shown
from shared.inference.choice import choose
from shared.pipeline.step import Finished
from shared.pipeline.tools import Tools
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
