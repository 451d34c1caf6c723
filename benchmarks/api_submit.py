"""`POST /tasks` at 100 a second for a minute: how long, and whether every task is there once.

Open loop (`benchmarks/open_loop.py`): when each request is due is settled in advance, and its
latency counts from there. A fifth repeat an Idempotency-Key of the latest fifty, with the same
body. On `trackloop gateway` and `trackloop beat`, with PostgreSQL and RabbitMQ, without workers;
and on a FastAPI app with a single INSERT (`benchmarks/bare_app.py`). The client is a process of its
own, and the note says how late it was itself.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import numpy as np
import orjson
from sqlalchemy import func, select

from benchmarks import bare_app
from benchmarks.case import Case
from benchmarks.child import Facts, Run, Work, measure
from benchmarks.deployment import GATEWAY_READY, Deployment, deployed, start_process
from benchmarks.figures import Bench, Figure, Pairing, Side, Target, take
from benchmarks.materials import looped_demo, over
from benchmarks.open_loop import Answer, schedule, send
from benchmarks.servers import own_database, with_servers
from shared.db.tables import OutboxRow, TaskRow

NAME = "api_submit"
_OURS = "gateway"
_RATE, _SECONDS, _REPEATED = 100, 60.0, 0.2
_WARM_UP = 200
_ACCEPTED = 202
_MOST_MILLISECONDS, _NONE = Target("≤", 250.0), Target("≤", 0)
_KEY = "benchmark-" + "0" * 32

Pairs = Collection[tuple[str, str]]
"""Idempotency-Keys, each with the id of a task."""


def figures(bench: Bench) -> Iterator[Figure]:
    """The ratio, the milliseconds, and what was lost or doubled."""

    def all_four(case: Case) -> Iterator[Figure]:
        ratio = take(bench, _pairing(case))
        yield ratio
        if ratio.value is not None:
            yield from _of_the_gateway(ratio.runs[_OURS])

    source = ("POST /tasks", partial(with_servers, partial(looped_demo, minutes=1 / 60)))
    return over((source,), NAME, bench.work, all_four)


def _pairing(case: Case) -> Pairing:
    return Pairing(
        benchmark=NAME,
        name=f"p99 of POST /tasks at {_RATE}/s: gateway over one INSERT",
        a=Side("one INSERT", partial(measure, "benchmarks.api_submit:bare_run", case)),
        b=Side(_OURS, partial(measure, "benchmarks.api_submit:gateway_run", case)),
        value=lambda run: run.facts["p99_ms"],
        describe=_described,
    )


def _of_the_gateway(runs: Sequence[Run]) -> Iterator[Figure]:
    p99 = median(run.facts["p99_ms"] for run in runs)
    title = f"p99 of POST /tasks at {_RATE}/s, ms"
    yield Figure(NAME, title, p99, _MOST_MILLISECONDS, note=_described(runs))
    requests = sum(run.facts["frames"] for run in runs)
    for fact, title in (
        ("lost", "lost: accepted, but not in the database"),
        ("doubled", "doubled: keys with two tasks"),
    ):
        count = sum(run.facts[fact] for run in runs)
        yield Figure(NAME, title, count, _NONE, note=f"of {requests:g} requests")


def _described(runs: Sequence[Run]) -> str:
    names = ("p50_ms", "p99_ms", "most_ms", "late_p99_ms")
    p50, p99, most, late = (median(run.facts[name] for run in runs) for name in names)
    cpu = median(run.cpu_milliseconds for run in runs)
    text = (
        f"p50 {p50:.1f} ms, p99 {p99:.1f} ms, most {most:.0f} ms; "
        f"p99 of the client's own lateness {late:.1f} ms; {cpu:.1f} CPU ms a request"
    )
    if "unsent" in runs[0].facts:
        unsent = median(run.facts["unsent"] for run in runs)
        text += f"; beat had {unsent:g} left to send"
    return text


@contextmanager
def gateway_run(case: Case) -> Iterator[Work]:
    """Run inside the child, which is the client."""
    folders = orjson.dumps([str(case.video.parent)]).decode()
    with (
        TemporaryDirectory(prefix="trackloop-bench-") as storage,
        deployed(Path(storage).resolve(), api_key=_KEY, allowed_folders=folders) as here,
    ):
        said = here.start("gateway", "gateway", "--port", "0")
        here.start("beat", "beat")
        url = said.partition(GATEWAY_READY)[2]
        with _asked(url, case, here.cpu_seconds) as (work, answers):

            def facts() -> Facts:
                latencies = work.facts()  # every answer names a task, or this raises
                accepted, rows = task_ids(answers), _rows(here)
                return {
                    **latencies,
                    "lost": float(lost(accepted, rows)),
                    "doubled": float(doubled(accepted, rows)),
                    "unsent": float(_unsent(here)),
                }

            yield Work(work.run, facts)


@contextmanager
def bare_run(case: Case) -> Iterator[Work]:
    """Run inside the child, which is the client."""
    with own_database() as url, TemporaryDirectory(prefix="trackloop-bench-") as folder:
        role = start_process(Path(folder) / "bare.log", {}, "benchmarks.bare_app", url)
        try:
            said = role.wait_for(bare_app.READY)
            asked = said.partition(bare_app.READY)[2]
            with _asked(asked, case, role.cpu_seconds) as (work, _):
                yield work
        finally:
            role.stop()


@contextmanager
def _asked(
    url: str, case: Case, cpu_seconds: Callable[[], float]
) -> Iterator[tuple[Work, Sequence[Answer]]]:
    """The load on this address, and its answers once it has run.

    Args:
        cpu_seconds: of the processes behind it; PostgreSQL and RabbitMQ come on top.
    """
    address, answers = urlsplit(url.split(maxsplit=1)[0]), list[Answer]()
    ask = partial(send, address.hostname or "", address.port or 0, request=_request(case))
    asyncio.run(ask(schedule(_WARM_UP, _WARM_UP / _RATE, 0.0, "warm-up")))

    before = cpu_seconds()

    def run() -> None:
        due = schedule(round(_RATE * _SECONDS), _SECONDS, _REPEATED, "asked")
        answers.extend(asyncio.run(ask(due)))

    def facts() -> Facts:
        return {**_latencies(answers), "cpu_seconds": cpu_seconds() - before}

    yield Work(run, facts), answers


def _request(case: Case) -> Callable[[str], bytes]:
    body = orjson.dumps({"file_path": str(case.video), "options": {"overlay": False}})

    def request(key: str) -> bytes:
        head = (
            f"POST /tasks HTTP/1.1\r\nhost: trackloop\r\nx-api-key: {_KEY}\r\n"
            f"idempotency-key: {key}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    return request


def _latencies(answers: Sequence[Answer]) -> Facts:
    refused = [answer for answer in answers if answer.status != _ACCEPTED]
    if refused:
        raise RuntimeError(
            f"{len(refused)} of {len(answers)} requests were not accepted, the first with "
            f"{refused[0].status} {refused[0].body[:200]!r}"
        )
    taken = [1000 * answer.seconds for answer in answers]
    p50, p99 = np.percentile(taken, (50, 99))
    return {
        "frames": float(len(answers)),
        "p50_ms": float(p50),
        "p99_ms": float(p99),
        "most_ms": max(taken),
        "late_p99_ms": float(np.percentile([1000 * answer.late_seconds for answer in answers], 99)),
    }


def task_ids(answers: Iterable[Answer]) -> Pairs:
    """The key of each answer with the task that it names."""
    return [(answer.key, orjson.loads(answer.body)["task_id"]) for answer in answers]


def lost(accepted: Pairs, rows: Pairs) -> int:
    """Tasks that a client was told of and that are not in the database."""
    return len({task_id for _, task_id in accepted} - {task_id for _, task_id in rows})


def doubled(accepted: Pairs, rows: Pairs) -> int:
    """Keys with more than one task, in the database or by what clients were told."""
    tasks = defaultdict(set)
    for key, task_id in (*accepted, *rows):
        tasks[key].add(task_id)
    return sum(len(ids) > 1 for ids in tasks.values())


def _rows(here: Deployment) -> Pairs:
    with here.database.read() as unit:
        found = unit.session.execute(select(TaskRow.idempotency_key, TaskRow.id))
        return [(key or "", task_id) for key, task_id in found]


def _unsent(here: Deployment) -> int:
    with here.database.read() as unit:
        query = select(func.count()).select_from(OutboxRow).where(OutboxRow.sent_at.is_(None))
        return unit.session.scalar(query) or 0
