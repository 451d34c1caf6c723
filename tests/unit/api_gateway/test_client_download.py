"""A file arrives whole, through as many connections as it takes, or not at all."""

from pathlib import Path

import pytest

from api_gateway.client import Client, NoAnswerError, ServiceError
from tests.support.tiny_service import KEY, TinyService, tiny_service

CONTENT = bytes(range(256)) * 4096


def _fetch(service: TinyService, target: Path) -> None:
    with tiny_service(service), Client(service.url, KEY) as client:
        client.download("t1", "a.bin", target)


def test_a_broken_connection_is_continued_where_it_broke(tmp_path: Path) -> None:
    service = TinyService(content=CONTENT, breaks=[100_000, 300_000])
    _fetch(service, tmp_path / "a.bin")
    assert (tmp_path / "a.bin").read_bytes() == CONTENT
    assert service.asked_ranges == [None, "bytes=100000-", "bytes=400000-"]


def test_a_server_that_knows_no_ranges_sends_it_again(tmp_path: Path) -> None:
    service = TinyService(content=CONTENT, breaks=[100_000], ranges=False)
    _fetch(service, tmp_path / "a.bin")
    assert (tmp_path / "a.bin").read_bytes() == CONTENT
    assert service.asked_ranges == [None, "bytes=100000-"]


def test_an_empty_file_is_a_file(tmp_path: Path) -> None:
    _fetch(TinyService(), tmp_path / "a.bin")
    assert (tmp_path / "a.bin").read_bytes() == b""


def test_connections_that_bring_nothing_are_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api_gateway.client.download._FIRST_PAUSE_SECONDS", 0.001)
    service = TinyService(content=CONTENT, breaks=[0] * 50)
    (tmp_path / "a.bin").write_bytes(b"older")
    with pytest.raises(NoAnswerError) as refused:
        _fetch(service, tmp_path / "a.bin")
    assert refused.value.code == "connection_broken"
    assert (tmp_path / "a.bin").read_bytes() == b"older"
    assert [file.name for file in tmp_path.iterdir()] == ["a.bin"]


def test_what_is_not_the_file_is_not_published(tmp_path: Path) -> None:
    service = TinyService(content=CONTENT)
    with tiny_service(service), Client(service.url, KEY) as client:
        (artefact,) = client.results("t1")
        service.content = CONTENT[::-1]
        with pytest.raises(ServiceError) as refused:
            client.download("t1", artefact, tmp_path / "a.bin")
    assert refused.value.code == "checksum_mismatch"
    assert not list(tmp_path.iterdir())


def test_a_name_that_the_task_has_not_is_refused(tmp_path: Path) -> None:
    with (
        tiny_service(TinyService()) as service,
        Client(service.url, KEY) as client,
        pytest.raises(ServiceError) as refused,
    ):
        client.download("t1", "b.bin", tmp_path / "b.bin")
    assert refused.value.code == "no_such_artefact"
