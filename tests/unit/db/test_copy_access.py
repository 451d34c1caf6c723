"""Between which databases may be copied."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import make_url

from shared.db.copy_access import opened_for_copy
from shared.db.only_process import only_process
from shared.errors import TrackloopError
from tests.support.databases import MIGRATIONS, PostgresServer, SqliteFiles


@pytest.fixture
def files(sqlite_files: SqliteFiles, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """URLs of two migrated SQLite files."""
    with ExitStack() as made:
        urls = []
        for name in ("source", "target"):
            (tmp_path / name).mkdir()
            urls.append(made.enter_context(sqlite_files.fresh(tmp_path / name)))
        yield urls[0], urls[1]


def _refused(source: str, target: str) -> TrackloopError:
    with pytest.raises(TrackloopError) as refused, opened_for_copy(source, target, MIGRATIONS):
        pytest.fail("the copy may begin")
    return refused.value


def test_a_database_under_another_name_is_the_same(
    files: tuple[str, str], postgres: PostgresServer, tmp_path: Path
) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "source")
    linked = f"sqlite:///{tmp_path}/link/trackloop.db"
    assert _refused(files[0], linked).code == "same_database"
    with postgres.fresh(tmp_path) as url, postgres.fresh(tmp_path) as other:
        named = make_url(url).update_query_dict({"application_name": "another"})
        again = named.render_as_string(hide_password=False)
        assert _refused(url, again).code == "same_database"
        with opened_for_copy(url, other, MIGRATIONS):
            assert _refused(url, other).code == "already_running"
        with opened_for_copy(other, files[0], MIGRATIONS):
            pass


@pytest.mark.parametrize("end", [0, 1])
def test_a_service_that_runs_on_either_is_noticed(files: tuple[str, str], end: int) -> None:
    with only_process(files[end], "memory://"):
        refused = _refused(*files)
    assert refused.code == "already_running"
    assert "stop it" in refused.message
    with opened_for_copy(*files, MIGRATIONS), pytest.raises(TrackloopError):
        only_process(files[end], "memory://").__enter__()


@pytest.mark.parametrize("option", ["--source", "--target"])
def test_a_service_on_postgres_without_a_broker_is_noticed(
    files: tuple[str, str], postgres: PostgresServer, tmp_path: Path, option: str
) -> None:
    with postgres.fresh(tmp_path) as url, only_process(url, "memory://"):
        urls = (url, files[1]) if option == "--source" else (files[0], url)
        assert _refused(*urls).code == "already_running"


@pytest.mark.parametrize("option", ["--source", "--target"])
def test_another_schema_is_refused_with_the_command_that_mends_it(
    files: tuple[str, str], postgres: PostgresServer, option: str
) -> None:
    with postgres.empty() as url:
        refused = _refused(*((url, files[1]) if option == "--source" else (files[0], url)))
    assert refused.code == "wrong_schema"
    assert refused.message.startswith(option)
    assert "`trackloop db upgrade` with TRACKLOOP_DATABASE_URL" in refused.message


def test_a_file_that_is_not_there_is_not_made(files: tuple[str, str], tmp_path: Path) -> None:
    missing = f"sqlite:///{tmp_path}/new/trackloop.db"
    for urls in ((missing, files[1]), (files[0], missing)):
        assert _refused(*urls).code == "no_such_database"
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("mysql://somewhere", "unknown_database"),
        ("sqlite://", "sqlite_without_file"),
        ("postgresql+psycopg://nobody@127.0.0.1:9/none", "database_unreachable"),
    ],
)
def test_a_url_that_leads_nowhere_is_named_by_its_option(
    files: tuple[str, str], url: str, code: str
) -> None:
    refused = _refused(files[0], url)
    assert refused.code == code
    assert refused.message.startswith("--target: ")
    assert "TRACKLOOP_DATABASE_URL" not in refused.message


def test_a_file_that_is_no_database_is_refused(files: tuple[str, str], tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"film" * 1000)
    refused = _refused(f"sqlite:///{tmp_path}/a.mp4", files[1])
    assert refused.code == "not_a_database"
