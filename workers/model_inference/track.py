"""Join the boxes of all chunks into tracks."""

import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from shared.domain.detection import Detections, TrackedDetections
from shared.domain.task import Task
from shared.inference.choice import choose
from shared.pipeline.tools import Tools
from shared.progress.port import StepProgress
from shared.storage.columns import TRACKS, RowSink, box_columns, writing_rows
from shared.storage.index_file import read_index
from shared.storage.plan import read_plan
from shared.storage.row_reading import FrameRows, boxes_of, read_row_groups
from shared.tracking.link import Ends
from shared.tracking.link import link as link_pieces
from shared.tracking.roboflow import RoboflowTracker
from shared.vision.frame_index import FrameIndex

Votes = defaultdict[int, defaultdict[int, float]]
"""Sum of scores by track id and class id."""


def track(tools: Tools, task: Task) -> None:
    """Publish tracks.parquet: ascending frames, then ids; one class for each track.

    A track's class is the one its boxes speak for with the largest sum of scores, so a cat
    that looks like a dog for some frames stays a cat. Pieces of one subject's track are joined.
    """
    choice = choose(tools.models, task.options)
    paths = tools.paths
    target = paths.tracks(task.id, choice.model.manifest.label)
    index = read_index(paths.index(task.id))
    progress = StepProgress(tools.progress, task.id, "track", "frames")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".part-") as folder:
        raw = Path(folder) / "raw.parquet"
        with writing_rows(raw, TRACKS) as rows:
            followed = _follow(tools, task, rows, index, progress)
        settled = followed.settled(link=task.options.link)
        _publish(raw, target, settled, lambda: progress.update(len(index), len(index)))


@dataclass(slots=True)
class _Followed:
    """What is kept of all tracks until the last frame: the votes for their classes, their ends."""

    votes: Votes = field(default_factory=lambda: defaultdict(lambda: defaultdict(float)))
    ends: Ends = field(default_factory=Ends)

    def add(self, seconds: float, tracked: TrackedDetections) -> None:
        self.ends.add(seconds, tracked)
        ids, classes = tracked.track_id.tolist(), tracked.class_id.tolist()
        for track_id, class_id, score in zip(ids, classes, tracked.score.tolist(), strict=True):
            self.votes[track_id][class_id] += score

    def settled(self, *, link: bool) -> dict[int, tuple[int, int]]:
        """The final track id and class id of each track id."""
        winner = {n: max(sorted(v), key=v.__getitem__) for n, v in self.votes.items()}
        pieces = list(self.ends.pieces.values())
        for piece in pieces:
            piece.class_id = winner[piece.track_id]
        first = link_pieces(pieces) if link else {n: n for n in winner}
        return {n: (first[n], winner[n]) for n in winner}


def _follow(
    tools: Tools, task: Task, rows: RowSink, index: FrameIndex, progress: StepProgress
) -> _Followed:
    choice, every = choose(tools.models, task.options), task.options.frame_skip + 1
    tracker = RoboflowTracker(task.options.tracker, index.fps / every, choice.confidence)
    wanted = np.array(sorted(choice.class_ids), np.int32)
    followed = _Followed()
    for frame_index, found in _detections(tools, task, index, every):
        seconds = float(index.seconds[frame_index])
        tracked = tracker.update(found[np.isin(found.class_id, wanted)], seconds)
        followed.add(seconds, tracked)
        rows.write(
            {
                "frame_index": np.full(len(tracked), frame_index, np.int32),
                "time_seconds": np.full(len(tracked), seconds),
                "track_id": tracked.track_id,
                "class_id": tracked.class_id,
                "confidence": tracked.score,
                **box_columns(tracked.xyxy),
            }
        )
        progress.update(frame_index + 1, len(index))
    progress.update(len(index), len(index))
    return followed


def _detections(
    tools: Tools, task: Task, index: FrameIndex, every: int
) -> Iterator[tuple[int, Detections]]:
    """Each analysed frame's boxes, in order; frames without any give an empty one."""
    plan = read_plan(tools.paths.plan(task.id))
    for chunk in plan.chunks:
        with FrameRows(tools.paths.detection_chunk(plan.key, chunk)) as frames:
            for ordinal in range(chunk.start, chunk.stop):
                if ordinal % every == 0:
                    rows = frames.at(ordinal)
                    yield ordinal, Detections.empty() if rows is None else boxes_of(rows)


def _publish(
    raw: Path, target: Path, settled: dict[int, tuple[int, int]], on_group: Callable[[], None]
) -> None:
    with writing_rows(target, TRACKS) as rows:
        for group in read_row_groups(raw):
            final = np.array([settled[n] for n in group["track_id"].tolist()], np.int32)
            # Ids ascend within a frame; joined ones may not.
            order = np.lexsort((final[:, 0], group["frame_index"]))
            changed = {**group, "track_id": final[:, 0], "class_id": final[:, 1]}
            rows.write({name: values[order] for name, values in changed.items()})
            on_group()
