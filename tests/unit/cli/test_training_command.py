"""`trackloop labels ask|show|confirm`, `train`, `deploy`: what they ask of the service."""

from collections.abc import Iterator
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from api_gateway.client import Client
from cli.main import app
from shared.errors import TrackloopError
from tests.support.tiny_service import status

ASKED = {
    "task_id": "t2", "analysed_task_id": "t1", "state": "waiting_for_labels",
    "project": "pets [x] - t2", "url": "http://127.0.0.1:9/projects/7", "total": 10,
    "labelled": 4, "rate": 0.4, "error": None,
}  # fmt: skip


class _Heard:
    """What the service was asked, as method, path and body."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, dict[str, Any]]] = []
        self.waits: float | None = None

    def json(self, method: str, path: str, **request: Any) -> Any:
        self.requests.append((method, path, request.get("json", {})))
        self.waits = request.get("params", {}).get("wait")
        if path.startswith("/labeling/"):
            return ASKED
        return {"task_id": "t2", "deployment_id": "t3", **status()} | {"task_id": "t2"}

    user: dict[str, str] = {}  # noqa: RUF012  (of one test)

    def close(self) -> None:
        """Nothing to give back."""


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Iterator[_Heard]:
    found = _Heard()

    def connect(user_id: str | None = None) -> Client:
        client = Client("http://127.0.0.1:9", "key", user_id)
        client._session = found  # type: ignore[assignment]
        return client

    monkeypatch.setattr("cli.training.connect", connect)
    monkeypatch.setattr("cli.task_labels.connect", connect)
    yield found


def _call(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def test_labels_are_asked_for(heard: _Heard) -> None:
    assert "labels show t2" in _call("labels", "ask", "t1", "--num-frames", "7").output
    body = {"task_id": "t1", "num_frames": 7, "project": "Trackloop"}
    assert heard.requests.pop() == ("POST", "/labeling", body)
    _call("labels", "ask", "t1", "--extracted", "--project", "pets")
    assert heard.requests.pop()[2]["folder_path"] == "frames/t1"


def test_pictures_of_a_folder_need_no_task(heard: _Heard) -> None:
    _call("labels", "ask", "--folder", "visits", "--model", "rooms")
    body = {"folder_path": "visits", "model": "rooms", "project": "Trackloop"}
    assert heard.requests.pop() == ("POST", "/labeling", body)
    for wrong in (["--extracted"], ["t1", "--extracted", "--folder", "visits"]):
        error = _call("labels", "ask", *wrong).exception
        assert isinstance(error, TrackloopError)
        assert error.code == "invalid_option"
    assert heard.requests == []


def test_how_far_people_are_is_shown_as_it_is(heard: _Heard) -> None:
    shown = _call("labels", "show", "t1").output
    assert "4 of 10" in shown
    assert "pets [x] - t2" in shown, "not read as markup"
    assert heard.requests.pop()[:2] == ("GET", "/labeling/t1")
    assert '"rate": 0.4' in _call("labels", "confirm", "t1", "--json").output
    assert heard.requests.pop()[:2] == ("POST", "/labeling/t1/confirm")


def test_settings_of_a_training_are_checked_before_anybody_is_asked(heard: _Heard) -> None:
    _call("train", "t2", "--set", "epochs=7", "--set", "size=atto", "--deploy")
    assert heard.requests.pop() == ("POST", "/training", {
        "data_path": "train_log/t2", "model_train_info": {"epochs": 7, "size": "atto"},
        "deploy": True,
    })  # fmt: skip
    for wrong in ("epochs=0", "speed=9", "epochs"):
        error = _call("train", "t2", "--set", wrong).exception
        assert isinstance(error, TrackloopError)
        assert error.code == "invalid_training_setting"
        assert error.message.startswith(wrong.partition("=")[0])
    assert heard.requests == []


def test_a_deployment_by_force_says_so(heard: _Heard) -> None:
    assert "t3" in _call("deploy", "t2").output
    assert heard.requests.pop() == ("POST", "/deployments", {"task_id": "t2", "force": False})
    _call("deploy", "t2", "--force")
    assert heard.requests.pop()[2]["force"]


@pytest.mark.parametrize("words", [("labels", "ask", "t1"), ("train", "t2"), ("deploy", "t2")])
def test_nobody_at_a_terminal_waits_for_hours_of_work(
    heard: _Heard, words: tuple[str, ...]
) -> None:
    _call(*words)
    assert heard.waits == 0
