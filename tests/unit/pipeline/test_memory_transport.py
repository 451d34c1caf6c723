"""Messages within one process arrive at once, and nobody asks for them meanwhile."""

import threading
import time

import pytest
from kombu import Connection, Queue

from shared.pipeline import memory_transport
from shared.pipeline.memory_transport import Transport

QUEUE = Queue("test-memory-transport")


def test_a_message_wakes_whoever_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_transport, "_LONGEST_SECONDS", 60)
    arrived: list[object] = []
    with (
        Connection(transport=Transport) as receiving,
        Connection(transport=Transport) as sending,
        receiving.Consumer(QUEUE, callbacks=[lambda body, _: arrived.append(body)]),
    ):
        waiting = threading.Thread(target=receiving.drain_events, kwargs={"timeout": 30})
        waiting.start()
        time.sleep(0.3)  # it has looked, and waits
        sending.Producer().publish("x", routing_key=QUEUE.name, declare=[QUEUE])
        waiting.join(10)
    assert arrived == ["x"]


def test_waiting_ends_after_its_time() -> None:
    with Connection(transport=Transport) as receiving, receiving.Consumer(QUEUE):
        started = time.monotonic()
        with pytest.raises(TimeoutError):
            receiving.drain_events(timeout=0.2)
        assert 0.15 < time.monotonic() - started < 5
