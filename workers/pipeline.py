"""The video chain, in order, and the short ones that serve one request."""

from dataclasses import replace

from shared.domain.task import Task
from shared.domain.video import Chunk
from shared.pipeline.step import ChunkStep, Group, Pipeline, Pipelines, Step
from shared.pipeline.tools import Tools
from shared.storage.plan import read_plan
from workers import artefacts
from workers.announcements import results_uploaded, video_downloaded
from workers.model_inference.detect import detect
from workers.model_inference.track import track
from workers.results.chunk_files import write_chunks
from workers.results.csv_file import write_csv
from workers.results.json_file import write_json
from workers.results.mot_file import write_mot
from workers.results.notebook import write_notebook
from workers.results.overlay import draw_overlay
from workers.results.run_record import record_run
from workers.video_processor.deliver import deliver
from workers.video_processor.download import download
from workers.video_processor.extract_frames import extract_frames
from workers.video_processor.plan import plan
from workers.video_processor.transcode import transcode
from workers.video_processor.validate import validate


def _wants_frames(task: Task) -> bool:
    return task.options.num_frames > 0


def _wants_overlay(task: Task) -> bool:
    return task.options.overlay


def _planned(tools: Tools, task: Task) -> tuple[Chunk, ...]:
    return read_plan(tools.paths.plan(task.id)).chunks


_MINUTES, _HOURS = 60.0, 3600.0

_download = Step(
    download, queue="video", timeout_seconds=6 * _HOURS,
    leaves=artefacts.source, announces=video_downloaded,
)  # fmt: skip
_validate = Step(validate, queue="video", timeout_seconds=5 * _HOURS, leaves=artefacts.source_facts)
_transcode = Step(transcode, queue="video", timeout_seconds=12 * _HOURS, leaves=artefacts.video)
_extract = Step(
    extract_frames, queue="results", timeout_seconds=6 * _HOURS, leaves=artefacts.frames
)
_deliver = Step(
    deliver, queue="video", timeout_seconds=6 * _HOURS,
    leaves=artefacts.delivered, announces=video_downloaded,
)  # fmt: skip

VIDEO_CHAIN: Pipeline = (
    _download,
    _validate,
    _transcode,
    replace(_extract, beside=True, when=_wants_frames),
    Step(plan, queue="video", timeout_seconds=10 * _MINUTES, leaves=artefacts.plan_file),
    ChunkStep(
        detect, queue="detection", timeout_seconds=6 * _HOURS,
        chunks=_planned, leaves=artefacts.detections,
    ),
    Step(track, queue="tracking", timeout_seconds=6 * _HOURS, leaves=artefacts.tracks),
    Group(
        (
            Step(write_csv, queue="results", leaves=artefacts.csv_results),
            Step(write_json, queue="results", leaves=artefacts.json_results),
            Step(write_chunks, queue="results", leaves=artefacts.chunk_results),
            Step(write_mot, queue="results", leaves=artefacts.mot_results),
            Step(write_notebook, queue="results", leaves=artefacts.notebook),
            Step(
                draw_overlay, queue="results", timeout_seconds=6 * _HOURS,
                when=_wants_overlay, leaves=artefacts.overlay,
            ),
        )
    ),
    Step(record_run, queue="results", leaves=artefacts.run_record, announces=results_uploaded),
)  # fmt: skip

PIPELINES: Pipelines = {
    "video": VIDEO_CHAIN,
    "download": (_deliver,),
    "copy": (_deliver,),
    "frames": (_download, _validate, _transcode, _extract),
}
