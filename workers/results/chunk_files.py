"""chunks/result_chunk_N.json: the frames of results.json in pieces that a browser can load."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

import orjson

from shared.domain.task import Task
from shared.exporters.frame_json import frame_json, json_lines
from shared.exporters.tracked_video import TrackedFrame, TrackedVideo, tracked_video
from shared.inference.choice import choose
from shared.pipeline.tools import Tools
from shared.storage.files import publishing_folder

SCHEMA = "trackloop/result-chunk/v1"
FRAMES_PER_CHUNK = 1_000


def write_chunks(tools: Tools, task: Task) -> None:
    """Publish the folder: piece N holds frames 1,000·N to 1,000·N + 999, empty pieces too."""
    video = tracked_video(tools.paths, task, choose(tools.models, task.options))
    with publishing_folder(video.results / "chunks") as folder:
        for number, frames in _pieces(video):
            _write_piece(folder, number, video, frames)


def _pieces(video: TrackedVideo) -> Iterator[tuple[int, Iterable[TrackedFrame]]]:
    following = 0
    for number, frames in groupby(video.frames(), lambda f: f.frame_index // FRAMES_PER_CHUNK):
        yield from ((empty, ()) for empty in range(following, number))
        yield number, frames
        following = number + 1
    yield from ((empty, ()) for empty in range(following, _count(video)))


def _count(video: TrackedVideo) -> int:
    return -(-video.meta.frame_count // FRAMES_PER_CHUNK)


def _write_piece(
    folder: Path, number: int, video: TrackedVideo, frames: Iterable[TrackedFrame]
) -> None:
    first = number * FRAMES_PER_CHUNK
    head = {
        "schema": SCHEMA,
        "chunk": number,
        "chunk_count": _count(video),
        "first_frame": first,
        "last_frame": min(first + FRAMES_PER_CHUNK, video.meta.frame_count) - 1,
    }
    with (folder / f"result_chunk_{number}.json").open("wb") as file:
        file.write(orjson.dumps(head).removesuffix(b"}") + b',\n"frames": [')
        file.writelines(json_lines(frame_json(frame, video.classes) for frame in frames))
        file.write(b"\n]\n}\n")
