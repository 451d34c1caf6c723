"""A real Triton of a test's own, with the test back end in place of the one for ONNX."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tritonclient.grpc import InferenceServerClient

from benchmarks.own_triton import GIVEN_URL, repository_of, triton_program
from shared.inference.adapters import check_inference
from shared.inference.triton_client import connect
from tests.support.private_servers import Server


@dataclass
class TritonServer:
    """Where it is; `start` after `kill` gives a server that knows nothing any more.

    Attributes:
        url: what TRACKLOOP_INFERENCE_URL says.
        repository: where it finds models.
        server: None where it is somebody else's.
    """

    url: str
    repository: Path
    server: Server | None = None

    def start(self) -> None:
        """Return once it answers."""
        assert self.server is not None
        self.server.start()

    def kill(self) -> None:
        """SIGKILL, with its stubs, which would not find out by themselves."""
        assert self.server is not None
        with self._nothing_left():
            self.server.kill()

    @contextmanager
    def _nothing_left(self) -> Iterator[None]:
        """Delete what its back end shares with its stubs, which a killed one leaves for ever."""
        assert self.server is not None
        assert self.server.process is not None
        maps = Path(f"/proc/{self.server.process.pid}/maps")
        mapped = maps.read_text().splitlines() if maps.exists() else []
        yield
        for line in mapped:
            place = line.split()[-1]
            if place.startswith("/dev/shm/triton_"):  # noqa: S108
                Path(place).unlink(missing_ok=True)

    @property
    def address(self) -> str:
        """`host:port` of its gRPC."""
        return urlsplit(self.url).netloc

    def with_options(self, **options: object) -> str:
        """The URL with more options."""
        return self.url + "".join(f"&{name}={value}" for name, value in options.items())

    def client(self) -> AbstractContextManager[InferenceServerClient]:
        """To look into it."""
        return closing(connect(self.address))

    @property
    def runs(self) -> bool:
        """Its process is there."""
        process = self.server.process if self.server is not None else None
        return process is None or process.poll() is None


@contextmanager
def triton_server(folder: Path) -> Iterator[TritonServer]:
    """A server that has no model yet; TRACKLOOP_TEST_TRITON_URL, with `repository`, names another.

    Args:
        folder: empty, for what it reads and writes.
    """
    if given := os.environ.get(GIVEN_URL):
        yield TritonServer(given, repository_of(given))
        return
    here = _server(folder)
    try:
        here.start()
        yield here
    finally:
        here.kill()


def _server(folder: Path) -> TritonServer:
    try:
        place = triton_program(folder)
    except FileNotFoundError:
        if os.environ.get("TRACKLOOP_REQUIRE_SERVICES") == "1":
            raise
        pytest.skip("no Triton here: `make .venv/.triton`")
    # Each instance is a process of its own here.
    url = f"{place.url}&instances=1"
    server = Server(
        "triton", url, place.command, lambda: check_inference(url), folder, place.environment
    )
    return TritonServer(url, place.repository, server)
