"""A pipeline as one task sees it: the stages that it wants, and who rings whom."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from shared.domain.step import Doorbell, Ring
from shared.domain.task import AnyTask
from shared.domain.video import Chunk
from shared.pipeline.step import ChunkStep, Group, Pipeline, Step
from shared.pipeline.tools import Tools


@dataclass(frozen=True, slots=True)
class Stage:
    """One entry of the table. `steps`: what of it the task wants, never empty."""

    position: int
    entry: Step | ChunkStep | Group
    steps: tuple[Step | ChunkStep, ...]

    @property
    def beside(self) -> bool:
        """True where later stages do not wait for this one."""
        return isinstance(self.entry, Step) and self.entry.beside

    @property
    def linear(self) -> bool:
        """True where one message rings all of it, and a Celery chain may carry it."""
        return isinstance(self.entry, Step) and not self.entry.beside


Stages = tuple[Stage, ...]


def stages_of(pipeline: Pipeline, task: AnyTask) -> Stages:
    """The stages that the task wants, in order."""
    found = (Stage(n, entry, _wanted(entry, task)) for n, entry in enumerate(pipeline))
    return tuple(stage for stage in found if stage.steps)


def find_step(stages: Stages, name: str) -> tuple[Stage, Step | ChunkStep] | None:
    """The stage and declaration of a step."""
    for stage in stages:
        for step in stage.steps:
            if step.name == name:
                return stage, step
    return None


def opened_by(stages: Stages, position: int) -> Iterator[Stage]:
    """The stages that become ready once the one at `position` (-1: none) is done: those beside
    the way, then the next that is waited for.

    A chunk stage may turn out to be empty; whoever iterates stops at the first that is not.
    """
    for stage in stages:
        if stage.position > position:
            yield stage


def carried(stages: Stages, done: int, opened: Stage) -> bool:
    """Whether the chain that rang the stage at `done` rings the opened one as well."""
    return opened.linear and opened.position in _segment(stages, done)[1:]


def doorbell(
    stages: Stages, task_id: str, generation: int, stage: Stage, parts: Sequence[int]
) -> Doorbell:
    """Ring a whole stage; a linear one together with the linear ones that follow it."""
    if stage.linear:
        return Doorbell(task_id, generation, (chain_from(stages, stage, stage.steps[0].name, 0),))
    rings = [Ring(step.name, part, step.queue) for step in stage.steps for part in parts]
    return Doorbell(task_id, generation, tuple((ring,) for ring in rings))


def chain_from(stages: Stages, stage: Stage, name: str, part: int) -> tuple[Ring, ...]:
    """One step with the rest of its chain."""
    step = next(step for step in stage.steps if step.name == name)
    first = Ring(name, part, step.queue)
    if not stage.linear:
        return (first,)
    by_position = {later.position: later.steps[0] for later in stages}
    rest = [by_position[position] for position in _segment(stages, stage.position)[1:]]
    return (first, *(Ring(later.name, 0, later.queue) for later in rest))


def coming_chunks(
    stages: Stages, position: int, tools: Tools, task: AnyTask
) -> dict[int, Sequence[Chunk]]:
    """The pieces of the chunk stage that directly follows, by its position."""
    if any(stage.position == position and stage.beside for stage in stages):
        return {}
    waited = (stage for stage in stages if stage.position > position and not stage.beside)
    following = next(waited, None)
    if following is None or not isinstance(following.entry, ChunkStep):
        return {}
    return {following.position: following.entry.chunks(tools, task)}


def _segment(stages: Stages, position: int) -> list[int]:
    """Positions of the linear stages from `position` to the next fan-out."""
    found: list[int] = []
    for stage in stages:
        if stage.position < position or stage.beside:
            continue
        if not stage.linear:
            break
        found.append(stage.position)
    return found


def _wanted(entry: Step | ChunkStep | Group, task: AnyTask) -> tuple[Step | ChunkStep, ...]:
    if isinstance(entry, ChunkStep):
        return (entry,)
    steps = entry.steps if isinstance(entry, Group) else (entry,)
    return tuple(step for step in steps if step.when(task))
