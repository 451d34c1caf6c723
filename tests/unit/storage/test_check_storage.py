"""A storage that cannot be used is named before the first task, in a sentence."""

import os
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.errors import InvalidInputError, TrackloopError, TransientError
from shared.settings import Settings, load_settings
from shared.storage.adapters import check_storage, open_storage
from tests.support.network import free_port
from tests.support.s3_server import aws_environment, s3_server, s3_settings
from tests.support.web import raw, status, web

pytestmark = pytest.mark.usefixtures("_environment")


@pytest.fixture
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    aws_environment(monkeypatch)


def _refusal(settings: Settings) -> TrackloopError:
    with pytest.raises(TrackloopError) as refused:
        check_storage(settings)
    assert refused.value.message.endswith(".")
    for secret in ("AKIAEXAMPLE", "hush-hush"):
        assert secret not in f"{refused.value.message} {refused.value.__cause__}"
    return refused.value


def _at(endpoint: str, tmp_path: Path) -> Settings:
    return s3_settings(f"s3://no-such-bucket/x?endpoint={endpoint}", tmp_path / "cache")


def test_a_missing_bucket(tmp_path: Path) -> None:
    with s3_server() as server:
        refusal = _refusal(_at(server.endpoint, tmp_path))
    assert isinstance(refusal, InvalidInputError)
    assert refusal.code == "bucket_missing"
    assert "no-such-bucket" in refusal.message


def test_a_server_that_is_not_there(tmp_path: Path) -> None:
    endpoint = f"http://127.0.0.1:{free_port()}"
    refusal = _refusal(_at(endpoint, tmp_path))
    assert isinstance(refusal, TransientError)
    assert refusal.code == "storage_unreachable"
    assert endpoint in refusal.message


@pytest.mark.parametrize("scheme", ["gs", "ftp", "S4"])
def test_an_unknown_scheme_lists_the_known_ones(
    monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    monkeypatch.setenv("TRACKLOOP_STORAGE_URL", f"{scheme}://bucket/prefix")
    with pytest.raises(InvalidInputError, match="known schemes: file, s3"):
        load_settings()
    unchecked = Settings.model_construct(storage_url=f"{scheme}://bucket")
    with pytest.raises(InvalidInputError, match="known schemes: file, s3") as refused:
        open_storage(unchecked)
    assert refused.value.code == "unknown_storage"


@pytest.mark.parametrize(
    "url",
    ["s3://", "s3:///prefix", "s3://me:secret@bucket/x", "s3://bucket?acl=public",
     "s3://bucket?endpoint=minio:9000", "s3://bucket?endpoint=http://me:secret@host"],
)  # fmt: skip
def test_a_url_that_is_none_of_a_bucket(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("TRACKLOOP_STORAGE_URL", url)
    with pytest.raises(InvalidInputError, match="TRACKLOOP_STORAGE_URL") as refused:
        load_settings()
    assert "secret" not in refused.value.message


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    for settings in (
        Settings(storage_url=(closed / "storage").as_uri()),
        s3_settings("s3://bucket", closed / "cache"),
    ):
        refusal = _refusal(settings)
        assert isinstance(refusal, InvalidInputError)
        assert refusal.code == "storage_not_writable"


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    refusal = _refusal(Settings(storage_url=(tmp_path / "file" / "storage").as_uri()))
    assert refusal.code == "storage_not_writable"


@pytest.mark.parametrize("answer", [status(500), status(503), raw(b"SSH-2.0-x\r\n")])
def test_a_store_in_trouble_may_be_asked_again(tmp_path: Path, answer: object) -> None:
    with web({"/no-such-bucket/x/a/b": answer}) as server:  # type: ignore[dict-item]
        storage = open_storage(_at(server.url(""), tmp_path))
        with pytest.raises(TransientError) as refused:
            list(storage.read("a/b"))
    assert refused.value.code == "storage_unreachable"


def test_keys_are_read_from_the_files_of_aws(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    file = tmp_path / "credentials"
    file.write_text(
        "[default]\naws_access_key_id = AKIADEFAULT\naws_secret_access_key = x%y\n"
        "[loop]\naws_access_key_id = AKIALOOP\naws_secret_access_key = z\n"
    )
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    for profile, key in (("default", "AKIADEFAULT"), ("loop", "AKIALOOP")):
        monkeypatch.setenv("AWS_PROFILE", profile)
        with web({}) as server, pytest.raises(TrackloopError):
            open_storage(_at(server.url(""), tmp_path)).read("a/b")
        (headers,) = server.headers
        assert key in {k.lower(): v for k, v in headers.items()}["authorization"]


@pytest.fixture(scope="module")
def strict_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server that knows one key: S3RVER/123456789; its name is in TRACKLOOP_TEST_S3RVER."""
    command = os.environ.get("TRACKLOOP_TEST_S3RVER") or shutil.which("s3rver")
    if command is None:
        pytest.skip("no s3rver on PATH or at TRACKLOOP_TEST_S3RVER: no server refuses keys")
    port, folder = free_port(), tmp_path_factory.mktemp("s3rver")
    process = subprocess.Popen(
        [command, "--silent", "-d", folder, "-p", str(port), "--configure-bucket", "films"]
    )
    end = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/").close()
            break
        except urllib.error.HTTPError:
            break
        except OSError:
            assert time.monotonic() < end, "s3rver does not start"
            time.sleep(0.1)
    yield f"http://127.0.0.1:{port}"
    process.kill()
    process.wait()


@pytest.mark.parametrize(("key", "code"), [("NOBODY", "storage_refused"), ("S3RVER", "")])
def test_credentials_that_are_refused(
    strict_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, code: str
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "123456789")
    settings = s3_settings(f"s3://films?endpoint={strict_server}", tmp_path / "cache")
    if not code:
        check_storage(settings)
        return
    refusal = _refusal(settings)
    assert isinstance(refusal, InvalidInputError)
    assert refusal.code == code
    with pytest.raises(TransientError) as listed:
        list(open_storage(settings).list("videos/"))
    assert listed.value.code == code
