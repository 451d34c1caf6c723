"""What only `trackloop up` does: a key of its own in a file, one service on a storage."""

import signal
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command import run
from tests.support.live_folder import files_in
from tests.support.service import Up, up

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """A service that some tests here share."""
    with up(tmp_path_factory.mktemp("service") / "storage") as running:
        yield running


def test_the_key_lies_in_no_file_that_others_may_read(service: Up) -> None:
    holding = [
        file for file in files_in(service.storage) if service.key.encode() in file.read_bytes()
    ]
    assert [file.name for file in holding] == ["service.json"]
    assert stat.S_IMODE(holding[0].stat().st_mode) == 0o600


def test_a_second_service_on_the_same_storage_is_refused(service: Up) -> None:
    refused = service.trackloop("up", "--port", 0)
    assert refused.code == 1
    assert "already_running: " in refused.output
    assert "TRACKLOOP_STORAGE_URL" in refused.output
    with service.client() as client:
        assert client.models(), "the first one goes on, and its key with it"


def test_without_a_service_the_command_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"sent to nobody")
    ended = run(tmp_path / "storage", "submit", tmp_path / "a.mp4")
    assert ended.code == 2
    assert "trackloop up" in ended.output
    assert "TRACKLOOP_URL" in ended.output


def test_a_chosen_key_is_not_printed_and_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = "0123456789abcdef" * 3
    monkeypatch.setenv("TRACKLOOP_API_KEY", key)
    monkeypatch.setenv("TRACKLOOP_HOST", "0.0.0.0")  # noqa: S104  (what is tested)
    for _ in range(2):
        with up(tmp_path / "storage") as service:
            assert key not in service.said
            assert "Other machines may reach this address" in service.said
            assert service.trackloop("tasks", "list", "--json").code == 0
            assert service.stop(signal.SIGTERM) == 0
