"""A real Label Studio of the test run's own, one for all its processes."""

import fcntl
import os
import secrets
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import httpx
import orjson
import pytest

from shared.settings import REPOSITORY
from tests.support.network import free_port
from tests.support.private_servers import Server

_ENVIRONMENT = REPOSITORY / ".venv-labelstudio"
"""What `make .venv/.labelstudio` makes: the program, and an empty database."""
_GIVEN_URL, _GIVEN_TOKEN = "TRACKLOOP_TEST_LABELSTUDIO_URL", "TRACKLOOP_TEST_LABELSTUDIO_TOKEN"


@dataclass(frozen=True)
class LabelStudioServer:
    """Where it is, and what opens it.

    Attributes:
        media: its folder of uploads, where it is ours.
        turns: a file to lock, see `alone`.
    """

    url: str
    token: str
    media: Path | None
    turns: Path

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else asks it: on SQLite it answers 500 to who comes in between."""
        with self.turns.open("a") as turn, _locked(turn):
            yield

    @property
    def labeling_url(self) -> str:
        """What TRACKLOOP_LABELING_URL says."""
        return f"labelstudio+{self.url}" + (f"?media={self.media}" if self.media else "")

    def call(self, method: str, path: str, **request: Any) -> Any:
        """As people's browsers call it."""
        headers = {"Authorization": f"Token {self.token}"}
        answer = httpx.request(
            method, f"{self.url}{path}", headers=headers, timeout=60, trust_env=False, **request
        )
        assert answer.is_success, f"{answer.status_code} {answer.text[:500]}"
        return answer.json() if answer.content else None

    def fetch(self, path: str) -> httpx.Response:
        """Whatever it answers."""
        headers = {"Authorization": f"Token {self.token}"}
        return httpx.get(f"{self.url}{path}", headers=headers, timeout=60, trust_env=False)


@contextmanager
def labelstudio_server(shared: Path) -> Iterator[LabelStudioServer]:
    """The one of this test run: whoever comes first starts it, whoever leaves last ends it.

    Args:
        shared: a folder that all processes of the run have, and no other run.
    """
    turns = shared / "labelstudio.turn"
    if given := os.environ.get(_GIVEN_URL):
        yield LabelStudioServer(given.rstrip("/"), os.environ[_GIVEN_TOKEN], None, turns)
        return
    program, state = _program(), shared / "labelstudio.json"
    # A lock goes with its process, so that a killed one counts no longer.
    with (
        (shared / "labelstudio.gate").open("a") as gate,
        (shared / "labelstudio.use").open("a") as use,
    ):
        with _locked(gate):
            fcntl.flock(use, fcntl.LOCK_SH)
            if not state.exists():
                state.write_bytes(orjson.dumps(_start(program, shared)))
            known = orjson.loads(state.read_bytes())
        try:
            yield LabelStudioServer(known["url"], known["token"], Path(known["media"]), turns)
        finally:
            with _locked(gate), suppress(BlockingIOError):
                fcntl.flock(use, fcntl.LOCK_EX | fcntl.LOCK_NB)
                state.unlink()
                with suppress(ProcessLookupError):
                    os.killpg(known["process"], signal.SIGKILL)


def _start(program: str, shared: Path) -> dict[str, Any]:
    folder, port, token = shared / "labelstudio", free_port(), secrets.token_hex(20)
    shutil.rmtree(folder, ignore_errors=True)
    template = _ENVIRONMENT / "data"
    if template.is_dir():
        shutil.copytree(template, folder)
    else:
        folder.mkdir()
    url = f"http://127.0.0.1:{port}"
    command = [
        program, "start", "--no-browser", "--internal-host", "127.0.0.1", "--port", str(port),
    ]  # fmt: skip

    def answers() -> None:
        health = httpx.get(f"{url}/health", timeout=10, trust_env=False)
        assert health.is_success, health.status_code

    server = Server("label-studio", url, command, answers, folder, _variables(folder, token))
    server.start()
    assert server.process is not None
    media = folder / "media"
    return {"url": url, "token": token, "media": str(media), "process": server.process.pid}


def _variables(folder: Path, token: str) -> dict[str, str]:
    return {
        "LABEL_STUDIO_BASE_DATA_DIR": str(folder),
        "LABEL_STUDIO_USERNAME": "ada@example.org",
        "LABEL_STUDIO_PASSWORD": secrets.token_hex(10),
        "LABEL_STUDIO_USER_TOKEN": token,
        "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true",
        # Nothing goes out, and webhooks come in to this machine.
        "LATEST_VERSION_CHECK": "false",
        "COLLECT_ANALYTICS": "false",
        "SENTRY_DSN": "",
        "FRONTEND_SENTRY_DSN": "",
        "SSRF_PROTECTION_ENABLED": "false",
        "WEBHOOK_TIMEOUT": "5",
    }


@contextmanager
def _locked(file: IO[str]) -> Iterator[None]:
    fcntl.flock(file, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)


def _program() -> str:
    program = _ENVIRONMENT / "bin" / "label-studio"
    if not program.exists():
        if os.environ.get("TRACKLOOP_REQUIRE_SERVICES") == "1":
            raise FileNotFoundError(program)
        pytest.skip("no Label Studio here: `make .venv/.labelstudio`")
    return str(program)
