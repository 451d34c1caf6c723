"""Many messages at once: none waits for the broker's word on the one before it."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from celery import Celery
from kombu import Connection, Producer
from kombu.exceptions import OperationalError

T = TypeVar("T")

_CONFIRM_SECONDS = 30.0


class Publisher:
    """Keeps one connection; for one thread at a time.

    Waiting for each confirmation ends at a few hundred messages a second. Here a batch is written
    first and confirmed as a whole (https://www.rabbitmq.com/docs/confirms).

    Attributes:
        fault: why the broker did not take all of a batch, the last time that it did not.
    """

    def __init__(self, app: Celery) -> None:
        self._connection: Connection = app.connection_for_write().clone(
            transport_options={"write_timeout": _CONFIRM_SECONDS}
        )
        self._errors = (
            OperationalError, *self._connection.connection_errors, *self._connection.channel_errors,
        )  # fmt: skip
        self._producer: Producer | None = None
        self._counter: _Confirmations | None = None
        self.fault = ""

    def send(self, items: Sequence[T], write: Callable[[Producer, T], int]) -> int:
        """Write each item; how many of them, from the first, the broker has for sure.

        Fewer than all: the broker went away; see `fault`.

        Args:
            write: gives the number of messages that it put on the producer.
        """
        last: list[int] = []
        try:
            producer, counter = self._opened()
            for item in items:
                last.append(counter.published(write(producer, item)))
            counter.wait(self._connection)
        except self._errors as error:
            done, self.fault = self._confirmed(last), str(error)
            self.close()
            return done
        return len(items)

    def close(self) -> None:
        """Drop the connection; the next batch opens one anew."""
        self._producer = self._counter = None
        # Not release(): it asks the broker and waits for ever, for a broker that is short of memory
        # or disk reads nothing more from who publishes (https://www.rabbitmq.com/docs/alarms).
        self._connection.collect()
        self._connection = self._connection.clone()

    def _opened(self) -> "tuple[Producer, _Confirmations]":
        if self._producer is None or self._counter is None:
            self._connection.ensure_connection(max_retries=1, timeout=_CONFIRM_SECONDS)
            channel = self._connection.channel()
            self._producer, self._counter = Producer(channel), _Confirmations(channel)
        return self._producer, self._counter

    def _confirmed(self, last: Sequence[int]) -> int:
        if self._counter is None:
            return 0
        acked = self._counter.acked
        return sum(number <= acked for number in last)


class _Confirmations:
    """Counts a channel's messages and those that the broker has confirmed.

    Attributes:
        acked: every message up to this number is confirmed.
    """

    def __init__(self, channel: Any) -> None:
        self._published, self.acked = 0, 0
        self._early: set[int] = set()
        # Transports within a process have nothing to confirm: a message is there once it is put.
        self._confirms = hasattr(channel, "confirm_select")
        if self._confirms:
            channel.confirm_select()
            channel.events["basic_ack"].add(self._hear)

    def published(self, count: int) -> int:
        """So many more; the number of the last."""
        self._published += count
        if not self._confirms:
            self.acked = self._published
        return self._published

    def wait(self, connection: Connection) -> None:
        """Until the broker has confirmed all of them.

        Raises:
            TimeoutError: it took too long.
        """
        while self.acked < self._published:
            connection.drain_events(timeout=_CONFIRM_SECONDS)

    def _hear(self, number: int, multiple: bool) -> None:
        self._early.update(range(self.acked + 1, number + 1) if multiple else (number,))
        while self.acked + 1 in self._early:
            self.acked += 1
            self._early.discard(self.acked)
