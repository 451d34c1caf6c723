"""The video chain, in order, what follows it, and the short ones that serve one request."""

from collections.abc import Mapping
from dataclasses import replace

from model_deployer.pipeline import DEPLOYMENT
from model_trainer.pipeline import TRAINING
from shared.domain.task import LabelingOptions, Task
from shared.domain.video import Chunk
from shared.pipeline.step import FOLDER, SOURCE, ChunkStep, Group, Pipeline, Pipelines, Step
from shared.pipeline.tools import Tools
from shared.storage.plan import read_plan
from workers import artefacts, summaries
from workers.announcements import (
    dataset_prepared,
    labeling_completed,
    labeling_requested,
    results_uploaded,
    video_downloaded,
)
from workers.labeling_manager.collect_labels import collect_labels
from workers.labeling_manager.prepare_dataset import prepare_dataset
from workers.labeling_manager.request_labels import request_labels
from workers.labeling_manager.select_frames import select_frames
from workers.labeling_manager.select_pictures import select_pictures
from workers.model_inference.detect import detect
from workers.model_inference.track import track
from workers.results.chunk_files import write_chunks
from workers.results.csv_file import write_csv
from workers.results.json_file import write_json
from workers.results.mot_file import write_mot
from workers.results.notebook import write_notebook
from workers.results.overlay import draw_overlay
from workers.results.run_record import record_run
from workers.video_processor.adopt_video import adopt_video
from workers.video_processor.deliver import deliver
from workers.video_processor.download import download
from workers.video_processor.extract_frames import extract_frames
from workers.video_processor.plan import plan
from workers.video_processor.transcode import transcode
from workers.video_processor.validate import validate


def _wants_frames(task: Task) -> bool:
    return task.options.num_frames > 0 and task.options.loop == "none"


def _wants_overlay(task: Task) -> bool:
    return task.options.overlay


def _of_video(task: Task[LabelingOptions]) -> bool:
    return task.options.frames == "chosen"


def _of_pictures(task: Task[LabelingOptions]) -> bool:
    return not _of_video(task)


def _planned(tools: Tools, task: Task) -> tuple[Chunk, ...]:
    return read_plan(tools.paths.plan(task.id)).chunks


_MINUTES, _HOURS = 60.0, 3600.0
_VIDEO = ("video.mp4", "meta.json", "index.parquet")
_TRACKED = ("meta.json", "tracks.parquet")
_RESULTS = (
    "results.csv", "results.json", "chunks/", "mot.txt", "mot_classes.json", "results.ipynb",
    "overlaid_results.mp4",
)  # fmt: skip

_download = Step(
    download, queue="video", timeout_seconds=6 * _HOURS, needs=(SOURCE,),
    leaves=artefacts.source, announces=video_downloaded,
)  # fmt: skip
_validate = Step(
    validate, queue="video", timeout_seconds=5 * _HOURS, needs=("source",),
    leaves=artefacts.source_facts,
)  # fmt: skip
_transcode = Step(
    transcode, queue="video", timeout_seconds=12 * _HOURS,
    needs=("source", "source.json", "source.parquet"), leaves=artefacts.video,
)  # fmt: skip
_extract = Step(
    extract_frames, queue="results", timeout_seconds=6 * _HOURS, needs=_VIDEO,
    leaves=artefacts.frames,
)  # fmt: skip
_deliver = Step(
    deliver, queue="video", timeout_seconds=6 * _HOURS, needs=(SOURCE,),
    leaves=artefacts.delivered, announces=video_downloaded,
)  # fmt: skip

_ANALYSIS: Pipeline = (
    Step(
        plan, queue="video", timeout_seconds=10 * _MINUTES, needs=("meta.json", "index.parquet"),
        leaves=artefacts.plan_file,
    ),
    ChunkStep(
        detect, queue="detection", timeout_seconds=6 * _HOURS,
        needs=(*_VIDEO, "plan.json"), chunks=_planned, leaves=artefacts.detections,
    ),
    Step(
        track, queue="tracking", timeout_seconds=6 * _HOURS,
        needs=("meta.json", "index.parquet", "plan.json", "detections/"),
        leaves=artefacts.tracks, keeps=summaries.tracks,
    ),
    Group(
        (
            Step(write_csv, queue="results", needs=_TRACKED, leaves=artefacts.csv_results),
            Step(write_json, queue="results", needs=_TRACKED, leaves=artefacts.json_results),
            Step(write_chunks, queue="results", needs=_TRACKED, leaves=artefacts.chunk_results),
            Step(write_mot, queue="results", needs=_TRACKED, leaves=artefacts.mot_results),
            Step(write_notebook, queue="results", leaves=artefacts.notebook),
            Step(
                draw_overlay, queue="results", timeout_seconds=6 * _HOURS,
                needs=(*_VIDEO, "tracks.parquet"), when=_wants_overlay, leaves=artefacts.overlay,
            ),
        )
    ),
    Step(
        record_run, queue="results",
        needs=(*_TRACKED, *_RESULTS, "plan.json", "detections/provenance.json"),
        leaves=artefacts.run_record, announces=results_uploaded,
    ),
)  # fmt: skip

VIDEO_CHAIN: Pipeline = (
    _download,
    _validate,
    _transcode,
    replace(_extract, beside=True, when=_wants_frames),
    *_ANALYSIS,
)  # fmt: skip

REANALYSIS: Pipeline = (
    Step(
        adopt_video, queue="video",
        needs=("source", "source.json", "source.parquet", *_VIDEO), leaves=artefacts.adopted_video,
    ),
    *_ANALYSIS,
)  # fmt: skip

_LABELS = ("labels/",)

LABELING: Pipeline = (
    Step(
        select_frames, queue="labeling", timeout_seconds=6 * _HOURS, when=_of_video,
        needs=("source", *_VIDEO, "plan.json", "detections/"), leaves=artefacts.chosen_pictures,
    ),
    Step(
        select_pictures, queue="labeling", timeout_seconds=6 * _HOURS, when=_of_pictures,
        needs=(FOLDER, "source", "frames/"), leaves=artefacts.chosen_pictures,
    ),
    Step(
        request_labels, queue="labeling", needs=_LABELS, leaves=artefacts.label_request,
        announces=labeling_requested,
    ),
    Step(
        collect_labels, queue="labeling", needs=_LABELS, leaves=artefacts.collected_labels,
        announces=labeling_completed,
    ),
    Step(
        prepare_dataset, queue="labeling", needs=_LABELS,
        leaves=artefacts.dataset, announces=dataset_prepared,
    ),
)  # fmt: skip

QUEUES: Mapping[str, tuple[str, ...]] = {
    "video": ("video",),
    "inference": ("detection", "tracking"),
    "results": ("results",),
    "labeling": ("labeling",),
    "training": ("training",),
    "deployment": ("deployment",),
}
"""What each kind of worker serves: late steps must not wait behind every early one."""

PIPELINES: Pipelines = {
    "video": VIDEO_CHAIN,
    "download": (_deliver,),
    "copy": (_deliver,),
    "frames": (_download, _validate, _transcode, _extract),
    "reanalysis": REANALYSIS,
    "labeling": LABELING,
    "training": TRAINING,
    "deployment": DEPLOYMENT,
}
