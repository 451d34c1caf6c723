"""A worker in a thread of this process ends when it is asked to, whatever carries its messages."""

import threading
import time
from secrets import token_hex

import pytest

from shared.pipeline.celery_app import celery_app
from shared.pipeline.embedded_worker import embedded_worker


@pytest.mark.parametrize("broker", ["memory", "rabbitmq"])
def test_an_idle_worker_ends_within_seconds(broker: str, request: pytest.FixtureRequest) -> None:
    memory = broker == "memory"
    url: str = "memory://" if memory else request.getfixturevalue("rabbitmq_url")
    queue = f"test-{token_hex(4)}"
    app = celery_app(url, [queue])
    serve, ended = threading.Event(), threading.Event()

    def work() -> None:
        with embedded_worker(app, 1):
            serve.set()
            time.sleep(0.5)
        ended.set()

    threading.Thread(target=work, daemon=True).start()
    assert serve.wait(30)
    try:
        assert ended.wait(20)
    finally:
        with app.connection_for_write() as connection, connection.channel() as channel:
            channel.queue_delete(queue)
        app.close()
