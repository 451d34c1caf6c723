"""A step is a typed, declared thing: wrong at import rather than at run."""

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from shared.domain.task import AnyTask
from shared.domain.track import TrackSummary
from shared.domain.video import Chunk
from shared.events.envelope import EventData
from shared.pipeline.tools import Tools
from shared.storage.files import Artefact

Output = Mapping[str, JsonValue] | None
Plain = Callable[[Tools, AnyTask], Output]
PerChunk = Callable[[Tools, AnyTask, Chunk], Output]
Files = Mapping[str, Path]

_QUEUE = re.compile(r"[a-z][a-z0-9-]*")
_NEED = re.compile(r"[a-z][a-z0-9_]*(/|(/[a-z][a-z0-9_]*)?\.[a-z0-9]+)?")

SOURCE = "@source"
"""A need: what the task's source names in the storage, an upload or a file of an area."""
FOLDER = "@folder"
"""A need: every picture of the folder that the task's source names, if it names one."""


class NotYetError(Exception):
    """A step waits for people: it holds no worker meanwhile, and is run again later.

    Attributes:
        seconds: until somebody looks again, unless an event says that it is time.
        output: what is known by now; kept with the step until it says more.
    """

    def __init__(self, seconds: float, output: Output = None) -> None:
        super().__init__(f"again in {seconds:g} s")
        self.seconds, self.output = seconds, output


@dataclass(frozen=True, slots=True)
class Finished:
    """A step's work, done but not committed: what its event may tell."""

    user_id: str
    artefacts: Sequence[Artefact]


def _always(_: AnyTask) -> bool:
    return True


def _no_files(_: Tools, __: AnyTask) -> Files:
    return {}


def _no_chunk_files(_: Tools, __: AnyTask, ___: Chunk) -> Files:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How the workers treat a step; the plain loop needs none of it.

    Attributes:
        queue: which workers run it; late steps must not wait behind every early one.
        timeout_seconds: how long one attempt may take before its lease is no longer prolonged.
        retries: how often it is put off after transient errors, before the task fails.
        needs: files of earlier steps, or of tasks that this one goes on with, that it reads, by
            name, or `folder/` for all in one; a worker whose storage is elsewhere has no others.
            `SOURCE` and `FOLDER` stand for what the source names.
    """

    queue: str = "default"
    timeout_seconds: float = 3600.0
    retries: int = 3
    needs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not _QUEUE.fullmatch(self.queue):
            raise TypeError(f"queue {self.queue!r}: lower-case letters, digits and hyphens")
        if self.timeout_seconds <= 0 or self.retries < 0:
            raise TypeError("a step needs a positive timeout and no negative number of retries")
        for need in self.needs:
            if need not in {SOURCE, FOLDER} and not _NEED.fullmatch(need):
                raise TypeError(f"need {need!r}: the name of a file, or a folder/")

    def needs_file(self, name: str) -> bool:
        """Whether a file of this name is among the needs."""
        folder = f"{name.partition('/')[0]}/"
        return name in self.needs or ("/" in name and folder in self.needs)


@dataclass(frozen=True, slots=True)
class Step(Terms):
    """One plain function of a pipeline; running it twice gives the same artefacts.

    Attributes:
        run: `run(tools, task)`; what it returns is kept with the step.
        when: whether the task wants this step.
        beside: later steps do not wait for it; the task's end does.
        leaves: the files that the step published, by the name under which they are known; asked
            before it runs as well, for what other tasks may have left already.
        announces: the event that is sent in the step's own commit.
        keeps: the tracks that are written in it, in place of the task's earlier ones.
    """

    run: Plain
    when: Callable[[AnyTask], bool] = _always
    beside: bool = False
    leaves: Callable[[Tools, AnyTask], Files] = _no_files
    announces: Callable[[Tools, AnyTask, Finished], EventData] | None = None
    keeps: Callable[[Tools, AnyTask], Sequence[TrackSummary]] | None = None

    def __post_init__(self) -> None:
        Terms.__post_init__(self)
        _check_arguments(self.run, 2)

    @property
    def name(self) -> str:
        """The function's name."""
        return self.run.__name__


@dataclass(frozen=True, slots=True)
class ChunkStep(Terms):
    """A step that runs once for each piece of the video.

    Attributes:
        run: `run(tools, task, chunk)`.
        chunks: the pieces, known once the step before has run; their numbers are distinct.
        leaves: the files that a piece left, by name.
    """

    run: PerChunk
    chunks: Callable[[Tools, AnyTask], Sequence[Chunk]]
    leaves: Callable[[Tools, AnyTask, Chunk], Files] = _no_chunk_files

    def __post_init__(self) -> None:
        Terms.__post_init__(self)
        _check_arguments(self.run, 3)

    @property
    def name(self) -> str:
        """The function's name."""
        return self.run.__name__


@dataclass(frozen=True, slots=True)
class Group:
    """Steps that need nothing of each other."""

    steps: tuple[Step, ...]


Pipeline = tuple[Step | ChunkStep | Group, ...]
Pipelines = Mapping[str, Pipeline]


def _check_arguments(function: Callable[..., Output], count: int) -> None:
    found = len(inspect.signature(function).parameters)
    if found != count:
        raise TypeError(f"step {function.__name__} takes {found} arguments; a step takes {count}")
