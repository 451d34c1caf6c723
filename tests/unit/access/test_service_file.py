"""How commands find the service."""

import os
import stat
from pathlib import Path

import pytest

from shared.access.service_file import RunningService, announced, find_service
from shared.errors import InvalidInputError
from shared.settings import Settings
from shared.storage.paths import Paths

HERE = RunningService("http://127.0.0.1:8000", "k" * 43, os.getpid())
SET = "s" * 43


def _settings(root: Path, **more: str) -> Settings:
    return Settings.model_validate({"storage_url": root.as_uri(), **more})


def _code(settings: Settings) -> str:
    with pytest.raises(InvalidInputError) as refused:
        find_service(settings)
    return refused.value.code


def test_only_its_user_reads_the_file_and_it_goes_with_the_service(tmp_path: Path) -> None:
    file = Paths(tmp_path).service_file()
    with announced(file, HERE):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert find_service(_settings(tmp_path)) == (HERE.url, HERE.key)
    assert not file.exists()


def test_without_a_service_the_remedy_is_said(tmp_path: Path) -> None:
    assert _code(_settings(tmp_path)) == "no_service"


def test_variables_come_first(tmp_path: Path) -> None:
    with announced(Paths(tmp_path).service_file(), HERE):
        asked = _settings(tmp_path, url="https://far.example/trackloop/", api_key=SET)
        assert find_service(asked) == ("https://far.example/trackloop", SET)
        assert find_service(_settings(tmp_path, api_key=SET)) == (HERE.url, SET)


def test_our_key_is_not_sent_to_another_service(tmp_path: Path) -> None:
    with announced(Paths(tmp_path).service_file(), HERE):
        assert _code(_settings(tmp_path, url="https://far.example")) == "no_key"
        assert find_service(_settings(tmp_path, url=f"{HERE.url}/")) == (HERE.url, HERE.key)


def test_the_key_is_in_no_representation() -> None:
    assert HERE.key not in repr(HERE)
