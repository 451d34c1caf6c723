"""Servers of a test's own, to be stopped, killed and started again at the same place."""

import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest
from kombu import Connection
from redis import Redis

from tests.support.network import free_port

_START_SECONDS = 90.0
REDIS_DATABASES = 256
RABBITMQ_FOLDER = "/usr/lib/rabbitmq/bin"
RUNNING: set[int] = set()
"""Ids of the processes of servers that this process has started."""


@dataclass
class Server:
    """A server process. `start` after `stop` or `kill` finds what it had kept."""

    name: str
    url: str
    command: Sequence[str]
    answers: Callable[[], object]
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    stop_signal: int = signal.SIGTERM
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        """Return once it answers."""
        log = (self.folder / f"{self.name}.log").open("ab")
        self.process = subprocess.Popen(
            self.command, env={**os.environ, **self.environment}, stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip
        RUNNING.add(self.process.pid)
        end = time.monotonic() + _START_SECONDS
        while True:
            try:
                self.answers()
            except Exception as error:  # noqa: BLE001  (each client has its own errors)
                assert self.process.poll() is None, f"{self.name} ended: {self._log()}"
                assert time.monotonic() < end, f"{self.name} does not answer: {error}"
                time.sleep(0.1)
            else:
                return

    def stop(self) -> None:
        """As an operator would."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(self.stop_signal)
            self.process.wait(60)

    def kill(self) -> None:
        """As a power cut would."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(60)

    def _log(self) -> str:
        return (self.folder / f"{self.name}.log").read_text(errors="replace")[-2000:]


@contextmanager
def private_rabbitmq(folder: Path) -> Iterator[Server]:
    """A broker with guest/guest."""
    binary = _binary("rabbitmq-server", RABBITMQ_FOLDER)
    place, port, distribution = _folder(folder, "rabbitmq"), free_port(), free_port()
    url = f"amqp://guest:guest@127.0.0.1:{port}//"
    (place / "plugins").write_text("[].")
    (place / "rabbitmq.conf").write_text(f"listeners.tcp.local = 127.0.0.1:{port}\n")
    environment = {
        "HOME": str(place),
        "RABBITMQ_CONF_ENV_FILE": "/dev/null",
        "RABBITMQ_CONFIG_FILE": str(place / "rabbitmq.conf"),
        "RABBITMQ_NODENAME": f"t{secrets.token_hex(4)}@localhost",
        "RABBITMQ_DIST_PORT": str(distribution),
        "RABBITMQ_MNESIA_BASE": str(place / "mnesia"),
        "RABBITMQ_LOG_BASE": str(place / "log"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(place / "plugins"),
        "RABBITMQ_PID_FILE": str(place / "pid"),
    }

    def answers() -> None:
        with Connection(url, connect_timeout=2) as connection:
            connection.connect()

    with _running(Server("rabbitmq", url, [binary], answers, place, environment)) as server:
        yield server


@contextmanager
def memory_alarm(rabbitmq: Server) -> Iterator[None]:
    """It reads nothing more from who publishes, and confirms nothing."""
    watermark = "vm_memory_monitor:set_vm_memory_high_watermark({})."
    _evaluate(rabbitmq, watermark.format(0.0001))
    try:
        yield
    finally:
        _evaluate(rabbitmq, watermark.format(0.4))


@contextmanager
def consumer_timeout(rabbitmq: Server, seconds: float) -> Iterator[None]:
    """It closes channels, opened meanwhile, whose messages stay unanswered for longer."""
    setting = "application:set_env(rabbit, {}, {})."
    _evaluate(rabbitmq, setting.format("channel_tick_interval", 500))
    _evaluate(rabbitmq, setting.format("consumer_timeout", int(1000 * seconds)))
    try:
        yield
    finally:
        _evaluate(rabbitmq, setting.format("consumer_timeout", 1_800_000))
        _evaluate(rabbitmq, setting.format("channel_tick_interval", 60_000))


def add_virtual_host(rabbitmq: Server, name: str) -> str:
    """Its URL, for guest."""
    # One call of the shell: each takes a second, and rabbitmqctl's own commands would be two.
    host, all_of_it, who = f'<<"{name}">>', '<<".*">>', '<<"tests">>'
    code = (
        f"ok = rabbit_vhost:add({host}, {who}), ok = rabbit_auth_backend_internal:set_permissions("
        f'<<"guest">>, {host}, {all_of_it}, {all_of_it}, {all_of_it}, {who}).'
    )
    _evaluate(rabbitmq, code)
    return f"{rabbitmq.url.removesuffix('/')}{name}"


def _evaluate(rabbitmq: Server, code: str) -> None:
    """In the server's own shell."""
    node = rabbitmq.environment["RABBITMQ_NODENAME"]
    subprocess.run(
        [_binary("rabbitmqctl", RABBITMQ_FOLDER), "-n", node, "eval", code],
        env={**os.environ, **rabbitmq.environment}, check=True, capture_output=True, timeout=120,
    )  # fmt: skip


@contextmanager
def private_redis(folder: Path) -> Iterator[Server]:
    """A Redis that keeps nothing."""
    binary = _binary("redis-server")
    place, port = _folder(folder, "redis"), free_port()
    url = f"redis://127.0.0.1:{port}/0"
    command = [
        binary, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(place),
        "--databases", str(REDIS_DATABASES),
    ]  # fmt: skip
    with _running(Server("redis", url, command, lambda: Redis.from_url(url).ping(), place)) as here:
        yield here


@contextmanager
def private_postgres() -> Iterator[Server]:
    """A PostgreSQL with one empty database."""
    binary = Path(_binary("postgres", *map(str, Path("/usr/lib/postgresql").glob("*/bin"))))
    # Not among pytest's folders, which only this user may enter: it refuses to run as root.
    with TemporaryDirectory(prefix="trackloop-postgres-") as folder:
        place, as_user = Path(folder), list[str]()
        if os.geteuid() == 0:
            shutil.chown(place, "postgres")
            as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        initdb = binary.resolve().with_name("initdb")
        subprocess.run(
            [*as_user, initdb, "-D", place / "data", "-U", "postgres", "-A", "trust", "--no-sync"],
            check=True, capture_output=True,
        )  # fmt: skip
        with _running(_postgres(place, [*as_user, str(binary.resolve())])) as server:
            yield server


def _postgres(place: Path, binary: Sequence[str]) -> Server:
    port = free_port()
    plain = f"postgresql://postgres@127.0.0.1:{port}/postgres"
    command = [
        *binary, "-D", str(place / "data"), "-p", str(port), "-k", str(place),
        "-c", "listen_addresses=127.0.0.1",
    ]  # fmt: skip
    url = plain.replace("://", "+psycopg://")
    return Server(
        "postgres", url, command, lambda: psycopg.connect(plain).close(), place,
        stop_signal=signal.SIGINT,  # the one that does not wait until every client has gone
    )  # fmt: skip


@contextmanager
def _running(server: Server) -> Iterator[Server]:
    server.start()
    try:
        yield server
    finally:
        if server.name == "postgres":
            server.stop()  # its shared memory must not stay
        server.kill()


def _folder(folder: Path, name: str) -> Path:
    place = folder / name
    place.mkdir(parents=True)
    return place


def _binary(name: str, *places: str) -> str:
    for place in places:
        if (Path(place) / name).exists():
            return str(Path(place) / name)
    found = shutil.which(name)
    if found is None:
        if os.environ.get("TRACKLOOP_REQUIRE_SERVICES") == "1":
            raise FileNotFoundError(name)
        pytest.skip(f"no {name} on PATH")
    return found
