"""Fixtures that every test may use."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.db.database import Database
from tests.support.databases import PostgresServer, SqliteFiles
from tests.support.grounds import Ground, GroundOn, StandingServers, one_process
from tests.support.labelstudio_server import LabelStudioServer, labelstudio_server
from tests.support.private_servers import (
    Server,
    private_postgres,
    private_rabbitmq,
    private_redis,
)
from tests.support.s3_server import aws_environment, s3_server
from tests.support.servers import Servers
from tests.support.trained_model import Trained, trained_model
from tests.support.triton_server import TritonServer, triton_server

for _name in ("TRACKLOOP_URL", "TRACKLOOP_API_KEY", "TRACKLOOP_STORAGE_URL"):
    os.environ.pop(_name, None)  # no test talks to the service of whoever runs it

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell ignores it for what runs in the background, and so would the commands under test.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of real videos, models and broken files."""
    folder = os.environ.get("TRACKLOOP_TEST_DATA")
    if folder is None:
        pytest.skip("TRACKLOOP_TEST_DATA is not set: no real videos, models and broken files")
    return Path(folder)


@pytest.fixture(scope="session")
def sqlite_files(tmp_path_factory: pytest.TempPathFactory) -> SqliteFiles:
    """A migrated SQLite file to copy."""
    return SqliteFiles(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def rabbitmq_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A RabbitMQ of these tests' own."""
    with private_rabbitmq(tmp_path_factory.mktemp("servers")) as server:
        yield server


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A Redis of these tests' own."""
    with private_redis(tmp_path_factory.mktemp("servers")) as server:
        yield server


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """A PostgreSQL of these tests' own."""
    with private_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def rabbitmq_url(request: pytest.FixtureRequest) -> str:
    """TRACKLOOP_TEST_AMQP_URL, or a server of these tests' own."""
    return _server_url(request, "TRACKLOOP_TEST_AMQP_URL", "rabbitmq_server")


@pytest.fixture(scope="session")
def redis_url(request: pytest.FixtureRequest) -> str:
    """TRACKLOOP_TEST_REDIS_URL, or a server of these tests' own."""
    return _server_url(request, "TRACKLOOP_TEST_REDIS_URL", "redis_server")


@pytest.fixture(scope="session")
def postgres(request: pytest.FixtureRequest) -> Iterator[PostgresServer]:
    """Databases on TRACKLOOP_TEST_POSTGRES_URL, or on a server of these tests' own."""
    databases = PostgresServer(
        _server_url(request, "TRACKLOOP_TEST_POSTGRES_URL", "postgres_server")
    )
    yield databases
    databases.close()


@pytest.fixture(scope="session")
def labelstudio_of_the_run(folder_of_the_run: Path) -> Iterator[LabelStudioServer]:
    """TRACKLOOP_TEST_LABELSTUDIO_URL and _TOKEN, or a server of this test run's own."""
    with labelstudio_server(folder_of_the_run) as server:
        yield server


@pytest.fixture(scope="session")
def folder_of_the_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The processes of a run have folders of their own, in this one."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def trained(folder_of_the_run: Path) -> Trained:
    """A small network that was trained once for all processes of this test run."""
    return trained_model(folder_of_the_run)


@pytest.fixture
def label_studio(labelstudio_of_the_run: LabelStudioServer) -> Iterator[LabelStudioServer]:
    """The same, for one test at a time."""
    with labelstudio_of_the_run.alone():
        yield labelstudio_of_the_run


@pytest.fixture(scope="module")
def triton_of_the_module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TritonServer]:
    """TRACKLOOP_TEST_TRITON_URL, or a server of these tests' own: models are never unloaded."""
    with triton_server(tmp_path_factory.mktemp("triton")) as server:
        yield server


@pytest.fixture
def triton(triton_of_the_module: TritonServer) -> TritonServer:
    """The same, started again where it died."""
    if not triton_of_the_module.runs:
        triton_of_the_module.start()
    return triton_of_the_module


def _server_url(request: pytest.FixtureRequest, variable: str, fixture: str) -> str:
    url = os.environ.get(variable)
    if url is None:
        server: Server = request.getfixturevalue(fixture)
        url = server.url
    return url


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A migrated database of its own, on both kinds."""
    fixture = {"sqlite": "sqlite_files", "postgres": "postgres"}[request.param]
    source: SqliteFiles | PostgresServer = request.getfixturevalue(fixture)
    with source.fresh(tmp_path) as url:
        yield url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A migrated database of its own, opened."""
    opened = Database(database_url)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def standing_servers(
    rabbitmq_server: Server, postgres_server: Server, redis_server: Server
) -> Iterator[StandingServers]:
    """Real servers, started when the first test wants them."""
    servers = Servers(rabbitmq_server, postgres_server, redis_server)
    with s3_server() as s3:
        standing = StandingServers(servers, s3)
        yield standing
        standing.close()


@pytest.fixture(scope="module")
def on_servers(standing_servers: StandingServers) -> Iterator[StandingServers]:
    """The same, with the keys of their S3 in the environment."""
    with pytest.MonkeyPatch.context() as patch:
        aws_environment(patch)
        yield standing_servers


@pytest.fixture(scope="module", params=["one_process", "servers"])
def ground_on(request: pytest.FixtureRequest) -> GroundOn:
    """What must not matter: the one set of URLs, then the other."""
    if request.param == "one_process":
        return one_process
    on_servers: StandingServers = request.getfixturevalue("on_servers")
    return on_servers.ground


@pytest.fixture(scope="module")
def shared_ground(
    ground_on: GroundOn, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ground]:
    """One for all tests of a module."""
    with ground_on(tmp_path_factory.mktemp("ground")) as ground:
        yield ground


@pytest.fixture
def ground(ground_on: GroundOn, tmp_path: Path) -> Iterator[Ground]:
    """One for this test."""
    with ground_on(tmp_path) as fresh:
        yield fresh
