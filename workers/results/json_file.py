"""results.json: video, model, settings, tracks and every frame, described by a schema."""

from collections.abc import Iterator
from typing import Any

import orjson

from shared.domain.task import Task
from shared.exporters.frame_json import frame_json, json_lines
from shared.exporters.track_summary import summarise_tracks, summary_json
from shared.exporters.tracked_video import TrackedVideo, tracked_video
from shared.inference.choice import choose
from shared.pipeline.tools import Tools
from shared.storage.files import publishing

SCHEMA = "trackloop/results/v1"

_VIDEO_FACTS = (
    "width", "height", "fps", "frame_count", "duration_seconds", "container", "codec",
    "pixel_format", "orientation", "decode_errors", "complete", "lost", "sha256",
)  # fmt: skip
_UNITS = {
    "frame_index": "frames in the order shown, from 0",
    "time_seconds": "seconds since the first frame, by the video's timestamps",
    "bbox_xyxy": "left, top, right, bottom in pixels of the upright frame, from its top left",
    "confidence": "score of the detector, 0 to 1",
    "path_pixels": "length in pixels of the line through the middles of the boxes' lower sides",
}


def write_json(tools: Tools, task: Task) -> None:
    """Publish results.json. It tells nothing of the task or the time: equal inputs, equal bytes."""
    video = tracked_video(tools.paths, task, choose(tools.models, task.options))
    with publishing(video.results / "results.json") as partial, partial.open("wb") as file:
        file.writelines(_document(video))


def _document(video: TrackedVideo) -> Iterator[bytes]:
    """Pieces of the file: a line for each part, each track and each frame."""
    yield b"{\n"
    for name, value in _head(video).items():
        yield orjson.dumps(name) + b": " + orjson.dumps(value) + b",\n"
    yield b'"tracks": ['
    tracks = summarise_tracks(video.frames(), video.classes)
    yield from json_lines(orjson.dumps(summary_json(track)) for track in tracks)
    yield b'\n],\n"frames": ['
    yield from json_lines(frame_json(frame, video.classes) for frame in video.frames())
    yield b"\n]\n}\n"


def _head(video: TrackedVideo) -> dict[str, Any]:
    manifest, options = video.choice.model.manifest, video.options
    return {
        "schema": SCHEMA,
        "video": {name: getattr(video.meta, name) for name in _VIDEO_FACTS},
        "model": {
            "name": manifest.name,
            "version": manifest.version,
            "sha256": manifest.sha256,
            "classes": manifest.classes,
        },
        "settings": {
            "classes": [video.classes[number] for number in sorted(video.choice.class_ids)],
            "confidence": video.choice.confidence,
            "iou": video.choice.iou,
            "frame_skip": options.frame_skip,
            "max_frames": options.max_frames,
            "tracker": options.tracker,
            "link": options.link,
        },
        "units": _UNITS,
    }
