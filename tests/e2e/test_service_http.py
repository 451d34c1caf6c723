"""The service over HTTP with real workers behind it: progress, ranges, cancel, one-step tasks."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.sync.client import connect

from shared.db.database import Database
from tests.support.grounds import Ground, Service
from tests.support.service import until
from tests.support.videos import make_video
from tests.support.web import content, web

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where local videos may lie."""
    return tmp_path_factory.mktemp("films")


@pytest.fixture(scope="module")
def service(shared_ground: Ground, folder: Path) -> Iterator[Service]:
    """A service that every test here shares."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRACKLOOP_ALLOWED_FOLDERS", json.dumps([str(folder)]))
        patch.setenv("TRACKLOOP_ALLOWED_NETWORKS", '["127.0.0.0/8"]')
        with shared_ground.running() as running:
            yield running


@pytest.fixture
def http(service: Service) -> Iterator[httpx.Client]:
    """Anybody with the key of the start."""
    headers = {"x-api-key": service.key}
    with httpx.Client(base_url=service.url, headers=headers, timeout=60, trust_env=False) as client:
        yield client


@pytest.fixture(scope="module")
def film(folder: Path) -> Path:
    """Three seconds."""
    return make_video(folder / "film.mp4", size=(320, 192))


@pytest.fixture(scope="module")
def long_film(folder: Path) -> Path:
    """Ten minutes: detecting it takes far longer than any test here."""
    return make_video(folder / "long.mp4", frames=6000, size=(640, 384))


def _watch(service: Service, task_id: str) -> list[dict[str, Any]]:
    url = service.url.replace("http://", "ws://") + f"/ws/tasks/{task_id}?key={service.key}"
    with connect(url, proxy=None) as socket:
        return [json.loads(message) for message in socket]


def test_a_watcher_sees_frames_and_bytes_rise_until_the_end(
    service: Service, http: httpx.Client, folder: Path
) -> None:
    video = make_video(folder / "watched.mp4", frames=900, size=(640, 384))
    asked = {"file_path": str(video), "options": {"overlay": True}}
    seen = _watch(service, http.post("/tasks", json=asked).json()["task_id"])
    assert seen[-1]["state"] == "succeeded"
    assert seen[-1]["percent"] == 100
    percents = [status["percent"] for status in seen]
    assert percents == sorted(percents)
    detecting = [
        status["progress"] for status in seen
        if status["progress"] and status["progress"]["step"] == "detect"
    ]  # fmt: skip
    assert len(detecting) > 1
    assert {report["unit"] for report in detecting} == {"frames"}
    assert [report["done"] for report in detecting] == sorted(r["done"] for r in detecting)
    assert any(report["rate"] and report["seconds_left"] is not None for report in detecting)


def test_a_file_comes_whole_from_two_ranges(http: httpx.Client, film: Path) -> None:
    task_id = http.post("/tasks", json={"file_path": str(film)}).json()["task_id"]
    _ended(http, task_id)
    artefacts = http.get(f"/tasks/{task_id}/results").json()["artefacts"]
    overlay = next(each for each in artefacts if each["name"] == "overlaid_results.mp4")
    half = overlay["size"] // 2
    first = http.get(overlay["url"], headers={"range": f"bytes=0-{half - 1}"})
    etag = {"range": f"bytes={half}-", "if-range": first.headers["etag"]}
    second = http.get(overlay["url"], headers=etag)
    assert (first.status_code, second.status_code) == (206, 206)
    assert sha256(first.content + second.content).hexdigest() == overlay["sha256"]


@pytest.mark.alone
def test_a_cancelled_detection_stops_within_two_seconds(
    shared_ground: Ground, service: Service, http: httpx.Client, long_film: Path
) -> None:
    task_id = http.post("/tasks", json={"file_path": str(long_film)}).json()["task_id"]
    _reached(http, task_id, "detect")
    assert http.post(f"/tasks/{task_id}/cancel").json()["state"] == "cancelled"
    started = time.monotonic()
    until(lambda: not _detecting(shared_ground, task_id), service.process, 10)
    assert time.monotonic() - started < 2
    names = [entry["name"] for entry in http.get(f"/tasks/{task_id}/timeline").json()["entries"]]
    assert names.count("task.cancelled.v1") == 1


def test_an_erased_task_leaves_no_file(
    shared_ground: Ground, service: Service, http: httpx.Client, folder: Path
) -> None:
    film = make_video(folder / "erased.mp4", frames=25, size=(320, 192))
    with film.open("rb") as file:
        answer = http.post(
            "/tasks/upload", files={"file": ("erased.mp4", file)},
            data={"options": '{"num_frames": 3}'},
        )  # fmt: skip
    task_id = answer.json()["task_id"]
    assert _ended(http, task_id)["state"] == "succeeded"
    names = {each["name"] for each in http.get(f"/tasks/{task_id}/results").json()["artefacts"]}
    assert sum(name.startswith("frames/") for name in names) == 3
    assert names >= {"results.csv", "overlaid_results.mp4", "run.json"}
    before = _files(shared_ground, task_id)
    assert before
    assert http.delete(f"/tasks/{task_id}").status_code == 204
    assert http.get(f"/status/{task_id}").status_code == 404
    until(lambda: not _files(shared_ground, task_id), service.process, 60)


def test_a_video_is_brought_into_ones_own_area_and_analysed_there(
    http: httpx.Client, film: Path
) -> None:
    with web({"/film.mp4": content(film.read_bytes())}) as site:
        asked = {"file_path": site.url("/film.mp4"), "download_path": "visits/film.mp4"}
        answer = http.post("/video/download", json=asked)
    assert answer.status_code == 200, answer.text
    output = answer.json()["output"]
    assert output["path"] == "visits/film.mp4"
    assert output["sha256"] == sha256(film.read_bytes()).hexdigest()
    assert output["bytes"] == film.stat().st_size
    copied = http.post(
        "/video/upload", json={"file_path": "visits/film.mp4", "upload_path": "copy.mp4"}
    )
    assert copied.json()["output"]["sha256"] == output["sha256"]
    found = http.post("/models/pet_hotel/inference", json={"data_path": "copy.mp4", "iou": 0.6})
    assert found.status_code == 200, found.text
    assert "results.csv" in {each["name"] for each in found.json()["artefacts"]}


def test_frames_come_evenly_and_upright(http: httpx.Client, film: Path) -> None:
    asked = {"file_path": str(film), "num_frames": 4}
    answer = http.post("/video/extract-frames", json=asked)
    assert answer.status_code == 200, answer.text
    output, task_id = answer.json()["output"], answer.json()["task_id"]
    assert output["count"] == 4
    for name in output["frames"]:
        frame = http.get(f"/tasks/{task_id}/results/{name}")
        assert frame.headers["content-type"] == "image/jpeg"
        assert frame.content[:2] == b"\xff\xd8"


def test_one_step_tasks_say_what_went_wrong(http: httpx.Client, film: Path) -> None:
    for path, body, status, code in (
        ("/video/download", {"file_path": "gone.mp4", "download_path": "a"}, 404, "no_such_file"),
        ("/video/download", {"file_path": str(film), "download_path": "../a.mp4"}, 400, "bad_path"),
        ("/video/download", {"file_path": str(film), "download_path": "/a.mp4"}, 400, "bad_path"),
        ("/video/extract-frames", {"file_path": "gone.mp4", "num_frames": 1}, 404, "no_such_file"),
        ("/models/pet_hotel/inference", {"data_path": "../a.mp4"}, 400, "bad_path"),
        ("/models/pet_hotel/inference", {"data_path": "gone.mp4"}, 404, "no_such_file"),
        ("/models/unicorn/inference", {"data_path": "gone.mp4"}, 404, "no_such_model"),
        ("/models/pet_hotel/inference", {"data_path": "a.mp4", "iou": 2}, 422, "invalid_option"),
    ):  # fmt: skip
        answer = http.post(path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


def test_what_takes_longer_than_the_wait_is_answered_with_202(
    http: httpx.Client, film: Path
) -> None:
    answer = http.post(
        "/video/extract-frames", params={"wait": 0},
        json={"file_path": str(film), "num_frames": 2},
    )  # fmt: skip
    assert answer.status_code == 202
    assert _ended(http, answer.json()["task_id"])["state"] == "succeeded"


def _ended(http: httpx.Client, task_id: str, seconds: float = 120) -> dict[str, Any]:
    end = time.monotonic() + seconds
    while True:
        status: dict[str, Any] = http.get(f"/status/{task_id}").json()
        if status["ended_at"] is not None:
            return status
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.05)


def _reached(http: httpx.Client, task_id: str, step: str, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while True:
        status = http.get(f"/status/{task_id}").json()
        if status["progress"] and status["progress"]["step"] == step:
            return
        assert status["ended_at"] is None, status["error"]
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.05)


def _detecting(ground: Ground, task_id: str) -> bool:
    """Whether the function of a step still runs: it holds its lease until it has ended."""
    database = Database(ground.database_url)
    with database.read() as unit:
        leased = unit.steps.leased(task_id, datetime.now(UTC))
    database.close()
    return leased


def _files(ground: Ground, task_id: str) -> list[str]:
    return [name for name in ground.kept() if task_id in name]
