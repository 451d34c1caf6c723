"""What it costs to keep what was found: observations in Parquet, tracks in PostgreSQL.

360,000 observations, those of one scene over and over: each frame through our writer, then
read again and summed up, and the summaries committed, as the track step and its commit do.
Two figures. The share of the job: seconds an observation over those that detecting and tracking
take, measured on the same scene in the same pairs. Nothing else of the job counts, no download,
validation, transcode and no results, so the true share is smaller. More subjects in a frame make
it larger: a detection costs the same whatever it finds. And the same seconds over those
of a plain COPY of the same rows into PostgreSQL.

The server is the one of the tests, TRACKLOOP_TEST_POSTGRES_URL; each run makes a database of its
own there and drops it.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from statistics import median
from typing import Any

import numpy as np
from sqlalchemy import Column as TableColumn
from sqlalchemy import Double, Integer, MetaData, Table

from benchmarks.case import PREPARED, Case
from benchmarks.child import Facts, Run, Work, measure
from benchmarks.figures import Bench, Figure, Pairing, Side, Target, take
from benchmarks.materials import DEMO, VTEST, over
from benchmarks.servers import own_database, with_postgres
from benchmarks.trackloop_run import opened
from shared.db.bulk import insert_rows
from shared.db.database import Database
from shared.domain.task import Task
from shared.pipeline.tools import Tools
from shared.storage.columns import TRACKS, Columns, writing_rows
from shared.storage.plan import read_plan
from shared.storage.row_reading import read_columns
from shared.tasks.submit import Submission, submit_task
from workers import summaries
from workers.model_inference.detect import detect
from workers.model_inference.track import track
from workers.video_processor.plan import plan

NAME = "persist"
OBSERVATIONS = 360_000
_MOST_PERCENT = Target("≤", 2.0)


def figures(bench: Bench) -> Iterator[Figure]:
    """The share of the job in per cent, and the ratio over COPY."""
    sources = [(name, partial(with_postgres, prepare)) for name, prepare in (DEMO, VTEST)]
    return over(sources, NAME, bench.work, partial(_both, bench))


def _both(bench: Bench, case: Case) -> Iterator[Figure]:
    kept = Side("kept", partial(measure, "benchmarks.persist:kept_run", case))
    job = Side(
        "detect and track", partial(measure, "benchmarks.trackloop_run:detect_and_track", case)
    )
    copy = Side("COPY", partial(measure, "benchmarks.persist:copied_run", case))
    whole = Pairing(
        NAME, f"{case.name}: share of detect and track, %", job, kept, _each, _described
    )
    yield _in_percent(take(bench, replace(whole, target=_MOST_PERCENT)))
    yield take(bench, replace(whole, name=f"{case.name}: over COPY of the same rows", a=copy))


def _each(run: Run) -> float:
    return run.seconds / run.facts["boxes"]


def _described(runs: Sequence[Run]) -> str:
    facts = runs[0].facts
    each = 1e6 * median(map(_each, runs))
    return f"{each:.1f} µs an observation ({facts['boxes']:g}, {facts['tracks']:g} tracks)"


def _in_percent(figure: Figure) -> Figure:
    found = figure.comparison
    if found is None or figure.value is None:
        return figure
    scaled = replace(
        found, ratio=100 * found.ratio, lowest=100 * found.lowest, highest=100 * found.highest
    )
    return replace(figure, value=scaled.ratio, comparison=scaled)


@contextmanager
def kept_run(case: Case) -> Iterator[Work]:
    """Run inside the child: write, read, sum up, commit."""
    task = case.task(PREPARED)
    with opened(case) as tools, _database() as database:
        rows = _observations(tools, task)
        frames = _by_frame(rows)
        target = tools.paths.tracks(task.id, case.model)
        with database.begin() as unit:
            task_id = submit_task(unit, Submission("bench", str(case.video), task.options))

        def run() -> None:
            with writing_rows(target, TRACKS) as sink:
                for frame in frames:
                    sink.write(frame)
            found = summaries.tracks(tools, task)
            with database.begin() as unit:
                unit.tracks.replace(task_id, found)

        yield Work(run, lambda: _facts(rows))


@contextmanager
def copied_run(case: Case) -> Iterator[Work]:
    """Run inside the child: the same rows, made ready as tuples before, by one COPY."""
    task = case.task(PREPARED)
    with opened(case) as tools, _database() as database:
        rows = _observations(tools, task)
        ready = list(zip(*(rows[name].tolist() for name in TRACKS.names), strict=True))
        table = _table(rows)
        table.create(database.engine)

        def run() -> None:
            with database.begin() as unit:
                insert_rows(unit.session.connection(), table, ready)

        yield Work(run, lambda: _facts(rows))


def _table(rows: Columns) -> Table:
    kinds: dict[str, Any] = {"i": Integer(), "f": Double()}
    columns = [TableColumn(name, kinds[rows[name].dtype.kind]) for name in TRACKS.names]
    return Table("observations", MetaData(), *columns)


def _observations(tools: Tools, task: Task) -> Columns:
    """The scene's rows again and again, later each time and with tracks of their own."""
    plan(tools, task)
    for chunk in read_plan(tools.paths.plan(task.id)).chunks:
        detect(tools, task, chunk)
    track(tools, task)
    label = tools.models.get(task.options.model).manifest.label
    once = read_columns(tools.paths.tracks(task.id, label))
    rounds = -(-OBSERVATIONS // len(once["track_id"]))
    step = {
        "frame_index": once["frame_index"].max() + 1,
        "time_seconds": once["time_seconds"].max() + 0.04,
        "track_id": once["track_id"].max(),
    }
    return {
        name: np.concatenate(
            [part + n * step.get(name, part.dtype.type(0)) for n in range(rounds)]
        )[:OBSERVATIONS].astype(part.dtype)
        for name, part in once.items()
    }


def _by_frame(rows: Columns) -> list[Columns]:
    edges = np.flatnonzero(np.diff(rows["frame_index"])) + 1
    parts = {name: np.split(values, edges) for name, values in rows.items()}
    return [{name: parts[name][number] for name in parts} for number in range(len(edges) + 1)]


def _facts(rows: Columns) -> Facts:
    return {
        "frames": float(len(np.unique(rows["frame_index"]))),
        "boxes": float(len(rows["track_id"])),
        "tracks": float(len(np.unique(rows["track_id"]))),
    }


@contextmanager
def _database() -> Iterator[Database]:
    with own_database() as url, closing(Database(url)) as database:
        yield database
