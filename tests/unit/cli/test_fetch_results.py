"""Results of a service land in the folder that was named, and nowhere else."""

from pathlib import Path
from typing import Any

import pytest

from api_gateway.client import Client
from cli.fetch_results import fetch_results
from shared.errors import TrackloopError
from tests.support.tiny_service import KEY, TinyService, tiny_service


@pytest.fixture(autouse=True)
def _own_storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKLOOP_STORAGE_URL", (tmp_path / "storage").as_uri())


class _Named(TinyService):
    """Lists its file by another name."""

    name = "a.bin"

    @property
    def artefact(self) -> dict[str, Any]:
        return super().artefact | {"name": self.name}


@pytest.mark.parametrize("name", ["../stolen", "/tmp/stolen", "chunks/../../stolen"])  # noqa: S108
def test_a_file_that_would_lie_outside_is_refused(tmp_path: Path, name: str) -> None:
    tiny = _Named(content=b"x")
    tiny.name = name
    with (
        tiny_service(tiny) as service,
        Client(service.url, KEY) as client,
        pytest.raises(TrackloopError) as refused,
    ):
        fetch_results(client, "t1", tmp_path / "out")
    assert refused.value.code == "bad_artefact_name"
    assert not (tmp_path / "out").exists()
    assert not list(tmp_path.rglob("stolen"))


def test_without_a_record_every_file_is_fetched(tmp_path: Path) -> None:
    with tiny_service(TinyService(content=b"x")) as service, Client(service.url, KEY) as client:
        fetch_results(client, "t1", tmp_path / "out")
    assert (tmp_path / "out" / "a.bin").read_bytes() == b"x"


def test_what_cannot_be_fetched_whole_leaves_no_folder(tmp_path: Path) -> None:
    with (
        tiny_service(_Lying(content=b"x")) as service,
        Client(service.url, KEY) as client,
        pytest.raises(TrackloopError),
    ):
        fetch_results(client, "t1", tmp_path / "out")
    assert not list(tmp_path.iterdir())


class _Lying(TinyService):
    """Lists another hash than its file has."""

    @property
    def artefact(self) -> dict[str, Any]:
        return super().artefact | {"sha256": "0" * 64}
