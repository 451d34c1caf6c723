"""What differs between the boards: how they are named, how long they keep, when they are away."""

import logging
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import RedisError

from shared.errors import InvalidInputError
from shared.events.envelope import new_id
from shared.progress import memory_board, redis_board
from shared.progress.adapters import open_board
from shared.progress.memory_board import MemoryBoard
from shared.progress.port import Found, Silent, StepProgress
from tests.support.network import free_port


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("kafka://host", "unknown_progress"), ("", "unknown_progress"),
        ("redis://me:hush@[host", "bad_progress_url"),
        ("redis://me:hush@host:port/0", "bad_progress_url"),
    ],
)  # fmt: skip
def test_a_wrong_url_is_named_without_its_password(url: str, code: str) -> None:
    with pytest.raises(InvalidInputError, match="TRACKLOOP_REDIS_URL") as refused:
        open_board(url)
    assert refused.value.code == code
    assert "hush" not in refused.value.message
    if code == "unknown_progress":
        assert "memory, redis, rediss" in refused.value.message


def test_redis_keeps_reports_for_a_day_at_most(redis_url: str) -> None:
    task_id = new_id()
    with open_board(redis_url) as board, Redis.from_url(redis_url) as client:
        board.report(task_id, "track", 1, 2, "frames")
        (key,) = client.keys(f"*{task_id}*")
        assert 0 < client.ttl(key) <= 24 * 3600
        board.forget(task_id)
        assert not client.keys(f"*{task_id}*")


def test_memory_keeps_reports_for_a_day_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    board = MemoryBoard()
    board.report("old", "track", 1, 2, "frames")
    now = time.time()
    monkeypatch.setattr(memory_board.time, "time", lambda: now + 25 * 3600)
    board.report("new", "track", 1, 2, "frames")
    assert board.read("old") is None
    assert board.read("new") is not None


def test_redis_that_is_away_fails_no_step_and_is_named_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_board, "_REST_SECONDS", 0.0)
    caplog.set_level(logging.INFO)
    port = free_port()
    with open_board(f"redis://:hush@127.0.0.1:{port}/0") as board:
        for done in range(3):
            board.report("t", "track", done, 9, "frames")
        assert board.read("t") is None
        board.forget("t")
    warnings = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == 1
    assert "Redis does not answer" in caplog.text
    assert "hush" not in caplog.text


def test_redis_that_comes_back_shows_progress_again(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(redis_board, "_REST_SECONDS", 0.05)
    caplog.set_level(logging.INFO)
    port = free_port()
    with open_board(f"redis://127.0.0.1:{port}/0") as board:
        for _ in range(2):
            with _redis_on(port, tmp_path):
                time.sleep(0.1)
                board.report("t", "track", 1, 2, "frames")
                assert board.read("t") is not None
            board.report("t", "track", 2, 2, "frames")
            assert board.read("t") is None
    ours = [record for record in caplog.records if record.name == redis_board.__name__]
    words = [record.message.partition(":")[0] for record in ours]
    assert words == [
        "progress is not shown", "progress is shown again", "progress is not shown",
    ]  # fmt: skip


def test_redis_that_is_away_is_not_asked_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with open_board(f"redis://127.0.0.1:{free_port()}/0") as board:
        board.report("t", "track", 0, 9, "frames")

        def never(*_: object, **__: object) -> None:
            raise AssertionError("asked although it is away")

        monkeypatch.setattr(Redis, "pipeline", never)
        board.report("t", "track", 1, 9, "frames")


def test_reports_are_throttled_but_never_the_last() -> None:
    heard: list[tuple[float, float | None, int]] = []

    class Hearing(Silent):
        def report(
            self, task_id: str, step: str, done: float, total: float | None, unit: str,
            part: int = 0, *, found: Found | None = None,
        ) -> None:  # fmt: skip
            heard.append((done, total, part))

    progress = StepProgress(Hearing(), "t", "detect", "frames", 3)
    for done in (1, 2, 3):
        progress.update(done, 10)
    progress.finish(4, 10)
    progress.update(10, 10)
    progress.update(10, 10)
    assert heard == [(1, 10, 3), (4, 10, 3), (10, 10, 3)]


@contextmanager
def _redis_on(port: int, folder: Path) -> Iterator[None]:
    binary = shutil.which("redis-server")
    if binary is None:
        pytest.skip("no redis-server on PATH")
    arguments = [binary, "--port", str(port), "--save", "", "--bind", "127.0.0.1"]
    with subprocess.Popen(arguments, cwd=folder, stdout=subprocess.DEVNULL) as server:
        try:
            _wait_for(port)
            yield
        finally:
            server.kill()


def _wait_for(port: int) -> None:
    end = time.monotonic() + 30
    with Redis(port=port) as client:
        while True:
            try:
                client.ping()
            except RedisError:
                assert time.monotonic() < end, "redis-server did not start"
                time.sleep(0.05)
            else:
                return
