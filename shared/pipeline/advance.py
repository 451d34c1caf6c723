"""What becomes ready when a stage is done. The caller holds the task's lock: members of a group
that end at the same moment take turns, so that exactly one of them is the last.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from shared.db.tables import StepRow, TaskRow
from shared.db.unit_of_work import Unit
from shared.domain.step import StepState
from shared.domain.video import Chunk
from shared.pipeline.layout import Stage, Stages, carried, doorbell, opened_by
from shared.pipeline.leases import ROOM
from shared.pipeline.step import ChunkStep
from shared.tasks.ending import succeed_task

Chunks = Mapping[int, Sequence[Chunk]]


def advance(
    unit: Unit, task: TaskRow, stages: Stages, *, done: int, chunks: Chunks, now: datetime
) -> None:
    """Open what waited for the stage at `done`, once all of it is; end the task after the last.

    Args:
        done: position of the stage of which a step was done just now; -1: the task begins.
        chunks: pieces of a chunk stage that may open.
    """
    finished = next((stage for stage in stages if stage.position == done), None)
    if finished is None or (not finished.beside and unit.steps.unfinished(task.id, done) == 0):
        for stage in opened_by(stages, done):
            parts = _make_ready(unit, task, stage, chunks, now)
            if parts and not carried(stages, done, stage):
                bell = doorbell(stages, task.id, task.generation, stage, parts)
                unit.outbox.add_doorbell(bell)
            if parts and not stage.beside:
                return
    if unit.steps.unfinished(task.id) == 0:
        succeed_task(unit, task, room=ROOM, now=now)


def _make_ready(
    unit: Unit, task: TaskRow, stage: Stage, chunks: Chunks, now: datetime
) -> list[int]:
    """The parts of the stage, now ready; none for a chunk stage without pieces."""
    parts = [0]
    if isinstance(stage.entry, ChunkStep):
        parts = [chunk.number for chunk in chunks.get(stage.position, ())]
        unit.steps.add_all(_chunk_rows(task, stage, stage.entry, parts))
    for row in unit.steps.at(task.id, stage.position):
        # A chain's next message leaves a moment after this commit, and says when.
        row.state, row.rung_at = StepState.READY, now
    return parts


def _chunk_rows(
    task: TaskRow, stage: Stage, step: ChunkStep, parts: Sequence[int]
) -> list[StepRow]:
    return [
        StepRow(
            task_id=task.id, name=step.name, part=part, position=stage.position,
            queue=step.queue, state=StepState.WAITING,
        )
        for part in parts
    ]  # fmt: skip
