"""Settings refuse what is wrong in a sentence that names the variable."""

from ipaddress import ip_network

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
    ],
)
def test_a_wrong_value_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"TRACKLOOP_{name}", value)
    with pytest.raises(InvalidInputError) as refused:
        load_settings()
    assert refused.value.code == "invalid_settings"
    assert name in refused.value.message.upper()
    assert "secret" not in f"{refused.value.message} {refused.value.__cause__}"
