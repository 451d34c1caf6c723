"""Requests that do not wait for each other, on a server that can be slow."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from benchmarks.open_loop import Answer, Arrival, Connections, schedule, send

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def test_the_schedule_is_settled_in_advance() -> None:
    arrivals = schedule(6000, 60.0, 0.2, "asked")

    moments = [arrival.seconds for arrival in arrivals]
    assert len(moments) == 6000
    assert moments == sorted(moments)
    assert 0 <= moments[0] < moments[-1] < 60
    assert arrivals == schedule(6000, 60.0, 0.2, "asked")


def test_the_wanted_share_repeats_a_key_of_the_latest_fifty() -> None:
    keys = [arrival.key for arrival in schedule(6000, 60.0, 0.2, "asked")]

    repeats = [number for number, key in enumerate(keys) if key in keys[:number]]

    assert len(repeats) == 1200
    assert all(keys[number] in keys[max(0, number - 50) : number] for number in repeats)


def test_nothing_repeats_where_no_repeats_are_wanted() -> None:
    assert len({arrival.key for arrival in schedule(100, 1.0, 0.0, "asked")}) == 100


def test_answers_come_in_the_order_of_the_arrivals_whoever_was_answered_first() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while key := await _asked(reader):
            await asyncio.sleep(0.2 if key == "slow" else 0)
            _tell(writer, 202, key)

    answers = _sent(serve, Arrival(0.0, "slow"), Arrival(0.05, "fast"))

    assert [(answer.key, answer.status, answer.body) for answer in answers] == [
        ("slow", 202, b"slow"),
        ("fast", 202, b"fast"),
    ]


def test_no_request_waits_for_the_answer_to_an_earlier_one() -> None:
    everybody = asyncio.Event()
    arrived = itertools.count(1)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while key := await _asked(reader):
            if next(arrived) == 3:
                everybody.set()
            await everybody.wait()
            _tell(writer, 202, key)

    answers = _sent(serve, *(Arrival(0.01 * number, str(number)) for number in range(3)))

    assert [answer.status for answer in answers] == [202] * 3


def test_a_latency_counts_from_the_moment_that_the_request_was_due() -> None:
    def build(key: str) -> bytes:
        if key == "first":
            time.sleep(0.3)  # the client itself is late
        return _request(key)

    answers = _sent(_at_once, Arrival(0.0, "first"), Arrival(0.01, "second"), build=build)

    assert answers[1].late_seconds > 0.2
    assert answers[1].seconds > answers[1].late_seconds


def test_a_connection_that_breaks_is_no_answer() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _asked(reader)
        writer.close()

    (answer,) = _sent(serve, Arrival(0.0, "only"))

    assert answer.status == 0


def test_connections_are_used_again() -> None:
    opened: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        opened.append(writer)
        await _at_once(reader, writer)

    async def run() -> None:
        async with _serving(serve) as (host, port):
            connections = Connections(host, port)
            for key in ("first", "second"):
                assert await connections.exchange(_request(key)) == (202, key.encode())
            connections.close()

    asyncio.run(run())
    assert len(opened) == 1


def _sent(
    serve: Serve, *arrivals: Arrival, build: Callable[[str], bytes] | None = None
) -> Sequence[Answer]:
    async def run() -> Sequence[Answer]:
        async with _serving(serve) as (host, port):
            return await send(host, port, arrivals, build or _request)

    return asyncio.run(run())


@asynccontextmanager
async def _serving(serve: Serve) -> AsyncIterator[tuple[str, int]]:
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()
    finally:
        server.close()


async def _at_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while key := await _asked(reader):
        _tell(writer, 202, key)


async def _asked(reader: asyncio.StreamReader) -> str:
    """The key; empty at the end of the connection."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return ""
    return head.split()[1].decode().removeprefix("/")


def _tell(writer: asyncio.StreamWriter, status: int, body: str) -> None:
    head = f"HTTP/1.1 {status} Accepted\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(f"{head}{body}".encode())


def _request(key: str) -> bytes:
    return f"POST /{key} HTTP/1.1\r\nhost: here\r\n\r\n".encode()
