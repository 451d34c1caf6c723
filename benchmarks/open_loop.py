"""Requests that come when they come, whatever became of the earlier ones.

When each arrives is settled in advance, as independent clients would: at random, at an average
rate. A latency counts from that moment, so neither a slow answer nor a late client hides what the
next ones have to wait.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

_ANSWER_SECONDS = 60.0
_LATEST = 50
_LEAD_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request that is due. `seconds`: after the first could have come."""

    seconds: float
    key: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one.

    Attributes:
        status: of HTTP; 0 where the connection broke or nothing came for a minute.
        seconds: from the moment that it was due to the last byte of the answer.
        late_seconds: how long after that moment the client came to send it.
    """

    key: str
    status: int
    body: bytes
    seconds: float
    late_seconds: float


def schedule(count: int, seconds: float, repeated: float, name: str) -> Sequence[Arrival]:
    """So many arrivals within these seconds; the same arguments give the same schedule.

    Args:
        repeated: share of those that repeat the key of one of the latest, as a client does that
            has heard nothing yet, or not what it wanted.
        name: begins every key.
    """
    chance = np.random.default_rng(count)
    moments = np.sort(chance.uniform(0, seconds, count))
    again = set(1 + chance.choice(count - 1, round(repeated * count), replace=False))
    keys: list[str] = []
    for number in range(count):
        latest = keys[-_LATEST:]
        keys.append(latest[chance.integers(len(latest))] if number in again else f"{name}-{number}")
    return [Arrival(float(moment), key) for moment, key in zip(moments, keys, strict=True)]


async def send(
    host: str, port: int, arrivals: Sequence[Arrival], request: Callable[[str], bytes]
) -> Sequence[Answer]:
    """Send each when it is due, over as many connections as are needed; answers in that order.

    Args:
        request: the bytes of an HTTP/1.1 request, by its key.
    """
    clock, connections = asyncio.get_running_loop().time, Connections(host, port)
    begin = clock() + _LEAD_SECONDS

    async def ask(arrival: Arrival) -> Answer:
        due, started = begin + arrival.seconds, clock()
        status, body = await connections.exchange(request(arrival.key))
        return Answer(arrival.key, status, body, clock() - due, started - due)

    asked = []
    for arrival in arrivals:
        await asyncio.sleep(begin + arrival.seconds - clock())
        asked.append(asyncio.create_task(ask(arrival)))
    answers = await asyncio.gather(*asked)
    connections.close()
    return answers


class Connections:
    """Taken in turns, so that none is idle for as long as a server closes it."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._idle: deque[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = deque()

    async def exchange(self, request: bytes) -> tuple[int, bytes]:
        """Status and body of the answer; status 0 where none came."""
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                reader, writer = await self._free()
                writer.write(request)
                answer = await _answer(reader)
        except (OSError, EOFError):
            return 0, b""
        self._idle.append((reader, writer))
        return answer

    def close(self) -> None:
        """All of them."""
        for _, writer in self._idle:
            writer.close()

    async def _free(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        while self._idle:
            reader, writer = self._idle.popleft()
            if not reader.at_eof():
                return reader, writer
        return await asyncio.open_connection(self._host, self._port)


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    _, _, rest = head.partition(b"\r\ncontent-length:")
    length = int(rest.split(b"\r\n", 1)[0])
    return int(head.split(b" ", 2)[1]), await reader.readexactly(length)
