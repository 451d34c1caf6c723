"""What a client of the service may name, and what becomes of it."""

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis.strategies import text

from shared.errors import InvalidInputError, TrackloopError
from shared.events.video import public_source
from shared.fetch.client_source import area_key, client_source, service_source
from shared.fetch.shown import base_name, shown
from shared.fetch.source import StorageSource, UploadedSource, parse_source
from shared.settings import Settings
from shared.storage.adapters import open_storage
from shared.storage.files import write_bytes
from shared.storage.paths import Paths


@pytest.mark.parametrize(
    "text",
    [
        "https://host/a.mp4?sig=1", "http://host", "s3://films/a.mp4", "file:///v/a.mp4",
        "/videos/a b.mp4",
    ],
)  # fmt: skip
def test_urls_and_absolute_paths_stay_as_they_are(text: str) -> None:
    assert client_source(text, "ada") == text


@pytest.mark.parametrize(
    "path", ["a.mp4", "clips/a b.mp4", "areas/bob/a.mp4", "cam:1.mp4", "…/ä.mp4", "a..b/.c"]
)
def test_a_relative_path_is_a_file_of_the_owners_area(path: str) -> None:
    assert client_source(path, "ada@x") == f"storage:areas/ada@x/{path}"
    assert area_key("ada@x", path) == f"areas/ada@x/{path}"


@pytest.mark.parametrize(
    "path",
    [
        "", "..", "../bob/a.mp4", "a/../../bob/a.mp4", "a//b.mp4", "a/", "./a.mp4", "a/./b",
        "a\\b.mp4", "a\0.mp4", "a\n.mp4", "\ud800.mp4", "a" * 201, "é" * 101, "ab/" * 330 + "a",
    ],
)  # fmt: skip
def test_a_path_that_could_leave_or_confuse_is_refused(path: str) -> None:
    for read in (client_source, lambda path, owner: area_key(owner, path)):
        with pytest.raises(InvalidInputError) as refused:
            read(path, "ada")
        assert refused.value.code == "bad_path"
        assert refused.value.message.isprintable()
        assert len(refused.value.message) < 400


def test_an_absolute_path_is_no_place_in_an_area() -> None:
    with pytest.raises(InvalidInputError, match="is absolute") as refused:
        area_key("ada", "/etc/passwd")
    assert refused.value.code == "bad_path"


@pytest.mark.parametrize("owner", ["", "..", "a..b", "A", "a/b", ".a", "a" * 101, "a\n"])
def test_nobody_else_can_own_an_area(owner: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        area_key(owner, "a.mp4")
    assert refused.value.code == "bad_principal"


@pytest.mark.parametrize(
    "text",
    [
        "storage:areas/bob/a.mp4", " Storage:areas/ada/a.mp4", "upload:a.mp4", "UPLOAD:a",
        "ftp://host/a.mp4", "storage://areas/bob/a.mp4",
    ],
)  # fmt: skip
def test_the_gateways_own_schemes_are_unknown_to_clients(text: str) -> None:
    with pytest.raises(InvalidInputError, match="file, http, https, s3") as refused:
        client_source(text, "ada")
    assert refused.value.code == "unknown_scheme"


@given(text(max_size=30))
def test_whatever_a_client_writes_stays_in_its_area_or_is_refused(written: str) -> None:
    try:
        source = client_source(written, "ada")
    except InvalidInputError:
        return
    parsed = parse_source(source)
    if isinstance(parsed, StorageSource):
        place = Path(os.path.normpath(Path("/root") / parsed.key))
        assert place.is_relative_to("/root/areas/ada")
        assert place != Path("/root/areas/ada")
        assert place.as_posix() == f"/root/areas/ada/{written}"
        assert shown(source) == written
        assert public_source(shown(source)) == shown(source)
    else:
        assert source == written
        assert not isinstance(parsed, UploadedSource)


@pytest.mark.parametrize(
    ("source", "name", "last"),
    [
        ("storage:areas/ada/clips/a b.mp4", "clips/a b.mp4", "a b.mp4"),
        ("upload:a b.mp4", "a b.mp4", "a b.mp4"),
        ("upload:C:\\films\\a.mp4", "a.mp4", "a.mp4"),
        ("upload:http://me:hush@host/a.mp4", "a.mp4", "a.mp4"),
        ("upload:../a\n.mp4", "a�.mp4", "a�.mp4"),
        ("upload:", "the uploaded file", "the uploaded file"),
    ],
)
def test_what_is_shown_is_what_its_owner_calls_it(source: str, name: str, last: str) -> None:
    assert shown(source) == name
    assert base_name(source) == last


def _refused(text: str, settings: Settings, owner: str = "ada") -> str:
    with pytest.raises(TrackloopError) as refused:
        service_source(text, owner, settings, open_storage(settings))
    assert refused.value.message.endswith(".")
    return refused.value.code


def _service_source(text: str, settings: Settings) -> str:
    return service_source(text, "ada", settings, open_storage(settings))


def _settings(root: Path, **settings: Any) -> Settings:
    return Settings(storage_url=(root / "storage").as_uri(), **settings)


def test_a_service_reads_local_files_from_allowed_folders_only(tmp_path: Path) -> None:
    video = tmp_path / "films" / "a.mp4"
    write_bytes(video, b"film")
    with pytest.raises(InvalidInputError, match=r"upload.*TRACKLOOP_ALLOWED_FOLDERS") as refused:
        _service_source(str(video), _settings(tmp_path))
    assert refused.value.code == "path_not_allowed"
    assert _refused(video.as_uri(), _settings(tmp_path)) == "path_not_allowed"
    folders = _settings(tmp_path, allowed_folders=(video.parent,))
    assert _service_source(str(video), folders) == str(video)
    assert _refused(str(video.parent / "b.mp4"), folders) == "no_such_file"
    assert _refused(str(video.parent), folders) == "not_a_file"
    assert _refused("/etc/passwd", folders) == "path_not_allowed"
    assert _refused("/etc/pass\0wd", folders) == "no_such_file"


def test_somebody_elses_area_is_no_local_folder(tmp_path: Path) -> None:
    settings = _settings(tmp_path, allowed_folders=(tmp_path,))
    secret = Paths(settings.storage_root).area("bob") / "a.mp4"
    write_bytes(secret, b"film")
    assert _refused(str(secret), settings) == "path_not_allowed"
    absent = secret.with_name("b.mp4")
    assert _refused(str(absent), settings) == "path_not_allowed", "whether it is there or not"


def test_a_file_of_the_area_must_be_there(tmp_path: Path) -> None:
    settings = _settings(tmp_path)
    area = Paths(settings.storage_root).area("ada")
    write_bytes(area / "clips" / "a.mp4", b"film")
    assert _service_source("clips/a.mp4", settings) == "storage:areas/ada/clips/a.mp4"
    assert _refused("clips/a.mp4", settings, "bob") == "no_such_file"
    assert _refused("clips", settings) == "not_a_file"
    write_bytes(area / "empty.mp4", b"")
    assert _refused("empty.mp4", settings) == "empty_file"
    assert _refused("clips/a.mp4", _settings(tmp_path, max_video_bytes=3)) == "too_many_bytes"


def test_a_link_out_of_the_storage_is_not_followed(tmp_path: Path) -> None:
    settings = _settings(tmp_path)
    area = Paths(settings.storage_root).area("ada")
    write_bytes(tmp_path / "secret.mp4", b"film")
    area.mkdir(parents=True)
    (area / "a.mp4").symlink_to(tmp_path / "secret.mp4")
    (area / "out").symlink_to(tmp_path)
    (area / "circle").symlink_to(area / "circle")
    assert _refused("a.mp4", settings) == "bad_path"
    assert _refused("out/secret.mp4", settings) == "bad_path"
    assert _refused("circle", settings) in {"bad_path", "no_such_file"}


def test_a_url_is_not_looked_up_yet(tmp_path: Path) -> None:
    url = "https://nobody.invalid/a.mp4"
    assert _service_source(url, _settings(tmp_path)) == url
