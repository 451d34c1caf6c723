"""Cut the video into chunks for detection and name the key of their files."""

import hashlib

from shared.domain.task import Task
from shared.domain.video import VideoMeta
from shared.inference.choice import choose
from shared.pipeline.tools import Tools
from shared.storage.documents import read_document, to_json, write_document
from shared.storage.index_file import read_index
from shared.storage.plan import Plan
from shared.vision.letterbox import input_size

MAX_CHUNKS = 500
FORMAT = 1
"""Raised when letterbox, decoding of outputs or suppression change what is detected."""


def plan(tools: Tools, task: Task) -> None:
    """Publish the plan. It depends on the video, the model and the settings only."""
    meta = read_document(tools.paths.meta(task.id), VideoMeta)
    index = read_index(tools.paths.index(task.id))
    key = _key(tools, task, meta)
    length = max(tools.settings.chunk_seconds, index.duration_seconds / MAX_CHUNKS)
    write_document(tools.paths.plan(task.id), Plan(key, index.cut(length)))


def _key(tools: Tools, task: Task, meta: VideoMeta) -> str:
    """Equal keys, equal detections: tasks that share one share the files."""
    choice = choose(tools.models, task.options)
    manifest = choice.model.manifest
    parts = {
        "video": meta.sha256,
        "model": manifest.sha256,
        "input": manifest.input,
        "decoding": manifest.decoding,
        "format": FORMAT,
        "size": input_size(manifest.input, meta.width, meta.height),
        "iou": choice.iou,
        "frame_skip": task.options.frame_skip,
        "inference": tools.settings.inference_url,
    }
    return hashlib.sha256(to_json(parts)).hexdigest()[:32]
