"""A Triton server of one's own, from the program that `make .venv/.triton` unpacks.

The program brings no back end for ONNX: one of the same name on its Python back end
(`tests/support/triton_backend`) serves model folders as they are.
"""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import parse_qs, urlsplit

from shared.errors import TrackloopError
from shared.inference.adapters import check_inference
from shared.settings import REPOSITORY

ENVIRONMENT = REPOSITORY / ".venv-triton"
PROGRAM = ENVIRONMENT / "server" / "pytriton" / "tritonserver" / "bin" / "tritonserver"
GIVEN_URL = "TRACKLOOP_TEST_TRITON_URL"
"""Variable that names another server, with `?repository=`."""
_BACKEND = REPOSITORY / "tests" / "support" / "triton_backend" / "model.py"
_START_SECONDS = _STOP_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class TritonProgram:
    """How to start a server over a folder, and where it then is.

    Attributes:
        server: `host:port` of its gRPC.
        repository: where it finds models.
    """

    server: str
    repository: Path
    command: Sequence[str]
    environment: Mapping[str, str]

    @property
    def url(self) -> str:
        """What TRACKLOOP_INFERENCE_URL says."""
        return f"triton+grpc://{self.server}?repository={self.repository}"


def triton_program(folder: Path) -> TritonProgram:
    """Make an empty folder ready for a server.

    Raises:
        FileNotFoundError: the program is not there.
    """
    if not PROGRAM.exists():
        raise FileNotFoundError(PROGRAM)
    repository, backends = folder / "repository", folder / "backends"
    repository.mkdir()
    _lay_out(backends, PROGRAM.parents[1])
    http, grpc = _free_ports(2)
    command = [
        str(PROGRAM), f"--model-repository={repository}", f"--backend-directory={backends}",
        "--model-control-mode=explicit", "--http-address=127.0.0.1", f"--http-port={http}",
        "--grpc-address=127.0.0.1", f"--grpc-port={grpc}", "--allow-metrics=false",
    ]  # fmt: skip
    environment = {
        "LD_LIBRARY_PATH": str(ENVIRONMENT / "server" / "nvidia_pytriton.libs"),
        "PATH": f"{ENVIRONMENT / 'bin'}{os.pathsep}{os.environ['PATH']}",
    }
    return TritonProgram(f"127.0.0.1:{grpc}", repository, command, environment)


def _lay_out(backends: Path, program: Path) -> None:
    """The Python back end with the stub of its Python, and ours on it."""
    shutil.copytree(program / "backends" / "python", backends / "python")
    stub = backends / "python" / "triton_python_backend_stub"
    shutil.copy(program / "python_backend_stubs" / "3.11" / stub.name, stub)
    stub.chmod(0o755)
    (backends / "onnxruntime").mkdir()
    shutil.copy(_BACKEND, backends / "onnxruntime")


def _free_ports(count: int) -> list[int]:
    with ExitStack() as held:
        found = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [int(each.getsockname()[1]) for each in found]


def repository_of(url: str) -> Path:
    """What a URL names."""
    (folder,) = parse_qs(urlsplit(url).query)["repository"]
    return Path(folder)


@contextmanager
def own_triton() -> Iterator[str]:
    """The URL of the server that the environment names, or of one that ends with the block.

    Raises:
        FileNotFoundError: the program is not there.
        RuntimeError: it does not start.
    """
    if given := os.environ.get(GIVEN_URL):
        yield given
        return
    with TemporaryDirectory(prefix="trackloop-bench-") as folder:
        place = triton_program(Path(folder))
        with (Path(folder) / "triton.log").open("wb") as log:
            process = subprocess.Popen(
                place.command, env={**os.environ, **place.environment}, stdout=log, stderr=log
            )
        try:
            _wait_for(process, place.url)
            yield place.url
        finally:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:  # it hangs now and then when it unloads
                process.kill()
                process.wait()


def _wait_for(process: "subprocess.Popen[bytes]", url: str) -> None:
    until = time.monotonic() + _START_SECONDS
    while True:
        try:
            check_inference(url)
        except TrackloopError as error:
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"Triton did not start: {error.message}") from error
            time.sleep(0.1)
        else:
            return


def backend_name() -> str:
    """Which back end runs ONNX models there."""
    if os.environ.get(GIVEN_URL):
        return "Triton's own ONNX back end"
    return "the test back end"
