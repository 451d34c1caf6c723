"""Settings refuse what is wrong in a sentence that names the variable."""

from ipaddress import ip_network
from pathlib import Path

import pytest

from shared.errors import InvalidInputError
from shared.settings import load_settings


def test_lists_are_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKLOOP_ALLOWED_NETWORKS", '["10.0.0.0/8", "fd00::/8"]')
    monkeypatch.setenv("TRACKLOOP_ALLOWED_BUCKETS", '["films"]')
    settings = load_settings()
    assert settings.allowed_networks == (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))
    assert settings.allowed_buckets == ("films",)


def test_nothing_private_is_allowed_by_default() -> None:
    assert load_settings().allowed_networks == ()
    assert load_settings().allowed_buckets == ()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ALLOWED_NETWORKS", "10.0.0.0/8"),
        ("ALLOWED_NETWORKS", '["10.0.0.1/8"]'),
        ("ALLOWED_NETWORKS", '["intranet"]'),
        ("S3_ENDPOINT", "minio:9000"),
        ("S3_ENDPOINT", "https://key:secret@minio:9000"),
        ("S3_ENDPOINT", "https://minio:99999"),
        ("DOWNLOAD_STALL_SECONDS", "0"),
        ("STORAGE_URL", "ftp://host"),
        ("STORAGE_URL", "s3://"),
        ("CACHE_BYTES", "0"),
        ("NOTIFY_URLS", "mailto://ada:secret@example.org"),
        ("NOTIFY_URLS", '["mailto://ada:secret@example.org"]'),
        ("NOTIFY_URLS", '{"Two words": "mailto://ada:secret@example.org"}'),
    ],
)
def test_a_wrong_value_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"TRACKLOOP_{name}", value)
    with pytest.raises(InvalidInputError) as refused:
        load_settings()
    assert refused.value.code == "invalid_settings"
    assert name in refused.value.message.upper()
    assert "secret" not in f"{refused.value.message} {refused.value.__cause__}"


def test_a_bucket_has_a_folder_of_this_host_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKLOOP_STORAGE_URL", "s3://films/loop?endpoint=http://minio:9000")
    monkeypatch.setenv("TRACKLOOP_CACHE_FOLDER", "/var/cache/trackloop")
    settings = load_settings()
    assert settings.storage_root == Path("/var/cache/trackloop")
    assert "/var/cache" not in settings.database_url, "a cache may be deleted"


def test_a_secret_file_fills_what_the_environment_leaves_unset(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "trackloop_broker_url").write_text("amqp://ada:lovelace@rabbitmq\n")
    (tmp_path / "trackloop_redis_url").write_text("redis://from-the-file")
    (tmp_path / "trackloop_allowed_buckets").write_text('["films"]')
    (tmp_path / "postgres_password").write_text("not ours")
    monkeypatch.setenv("TRACKLOOP_SECRETS_DIR", str(tmp_path))
    monkeypatch.setenv("TRACKLOOP_REDIS_URL", "redis://from-the-environment")
    settings = load_settings()
    assert settings.broker_url == "amqp://ada:lovelace@rabbitmq"
    assert settings.redis_url == "redis://from-the-environment"
    assert settings.allowed_buckets == ("films",)


def test_an_empty_file_is_no_token(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("TRACKLOOP_LABELING_TOKEN", raising=False)
    monkeypatch.setenv("TRACKLOOP_SECRETS_DIR", str(tmp_path))
    for text, token in (("\n", None), ("abc\n", "abc")):
        (tmp_path / "trackloop_labeling_token").write_text(text)
        found = load_settings().labeling_token
        assert (found and found.get_secret_value()) == token


def test_a_wrong_secret_is_named_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "trackloop_api_key").write_text("too-short")
    monkeypatch.setenv("TRACKLOOP_SECRETS_DIR", str(tmp_path))
    with pytest.raises(InvalidInputError, match="TRACKLOOP_API_KEY") as refused:
        load_settings()
    assert "too-short" not in f"{refused.value.message} {refused.value.__cause__}"


def test_a_folder_of_secrets_that_is_missing_is_no_empty_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TRACKLOOP_SECRETS_DIR", str(tmp_path / "mistyped"))
    with pytest.raises(InvalidInputError, match=r"TRACKLOOP_SECRETS_DIR: .*mistyped is no folder"):
        load_settings()
