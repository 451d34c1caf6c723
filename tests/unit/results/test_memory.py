"""Writers hold a frame at a time, however long the video is."""

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from shared.domain.task import Task
from shared.pipeline.tools import Tools
from shared.storage.columns import TRACKS, writing_rows
from tests.support.finished_task import LABEL, FinishedTask
from workers.results.chunk_files import write_chunks
from workers.results.csv_file import write_csv
from workers.results.json_file import write_json
from workers.results.mot_file import write_mot

FRAMES, TRACKS_PER_FRAME = 5_000, 10
LIMIT = 3 * 2**20  # the rows are 50,000, the files 2 to 6 MB


def write_many_rows(target: Path) -> None:
    size = FRAMES * TRACKS_PER_FRAME
    frames = np.repeat(np.arange(FRAMES, dtype=np.int32), TRACKS_PER_FRAME)
    tracks = np.tile(np.arange(1, TRACKS_PER_FRAME + 1, dtype=np.int32), FRAMES)
    with writing_rows(target, TRACKS) as rows:
        for part in np.array_split(np.arange(size), 100):
            ones = np.ones(len(part), np.float32)
            rows.write(
                {
                    "frame_index": frames[part],
                    "time_seconds": frames[part] / 25,
                    "track_id": tracks[part],
                    "class_id": np.zeros(len(part), np.int32),
                    "confidence": ones * 0.875,
                    "x1": ones, "y1": ones, "x2": ones * 99.5, "y2": ones * 50,
                }
            )  # fmt: skip


@pytest.mark.parametrize("write", [write_csv, write_json, write_chunks, write_mot])
def test_memory_does_not_follow_the_length_of_the_video(
    finished: FinishedTask, write: Callable[[Tools, Task], None]
) -> None:
    write_many_rows(finished.tools.paths.tracks(finished.task.id, LABEL))
    tracemalloc.start()
    write(finished.tools, finished.task)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < LIMIT
