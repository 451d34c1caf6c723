"""A service and the commands around it, as a user meets them."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import orjson
import pytest

from api_gateway.client import ServiceError
from demo.scene import generate
from tests.support.command import ask, run, start
from tests.support.grounds import Ground, Service
from tests.support.service import until
from tests.support.videos import make_video

SAME = (
    "results.csv", "results.json", "mot.txt", "mot_classes.json", "chunks/result_chunk_0.json",
    "tracks.parquet",
)  # fmt: skip

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def service(shared_ground: Ground) -> Iterator[Service]:
    """A service that every test here shares."""
    with shared_ground.running() as running:
        yield running


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds."""
    return make_video(tmp_path_factory.mktemp("video") / "a video.mp4", size=(320, 192))


def _json(service: Service, *arguments: object) -> tuple[int, object]:
    """Exit code and what a command prints to stdout alone."""
    ended = ask(service.storage, *arguments, variables=service.variables)
    return ended.returncode, orjson.loads(ended.stdout) if ended.stdout else ended.stderr


@pytest.fixture(scope="module")
def task(service: Service, video: Path) -> str:
    """A task that succeeded."""
    code, status = _json(service, "submit", video, "--wait", "--json")
    assert code == 0, status
    assert isinstance(status, dict)
    assert (status["state"], status["percent"]) == ("succeeded", 100)
    return str(status["task_id"])


def test_its_key_opens_its_address_and_no_other_does(service: Service) -> None:
    assert service.url.startswith("http://127.0.0.1:")
    asked = {"trust_env": False, "timeout": 20.0}
    assert httpx.get(f"{service.url}/health", **asked).status_code == 200  # type: ignore[arg-type]
    for key, status in ((service.key, 200), ("x" + service.key, 401)):
        headers = {"x-api-key": key}
        answer = httpx.get(f"{service.url}/models", headers=headers, **asked)  # type: ignore[arg-type]
        assert answer.status_code == status


def test_results_are_those_of_run_byte_for_byte(
    service: Service, task: str, video: Path, tmp_path: Path
) -> None:
    ended = service.trackloop("results", task, "--out", tmp_path / "service")
    assert ended.code == 0, ended.output
    assert run(tmp_path / "own", "run", video, "--out", tmp_path / "run").code == 0
    assert _files(tmp_path / "service") == _files(tmp_path / "run")
    for name in SAME:
        assert (tmp_path / "service" / name).read_bytes() == (tmp_path / "run" / name).read_bytes()


def _files(folder: Path) -> set[Path]:
    return {file.relative_to(folder) for file in folder.rglob("*")}


def test_tracks_of_the_database_are_those_of_the_results(service: Service, tmp_path: Path) -> None:
    scene = generate(tmp_path / "scene", seed=3, seconds=3)
    with service.client() as client:
        task_id = client.submit(scene.cameras[0].video, {"overlay": False})
        assert client.wait(task_id, timeout=300)["state"] == "succeeded"
        client.download(task_id, "results.json", tmp_path / "results.json")
        tracks = {track["track_id"]: track for track in client.tracks(task_id)}
        client.erase(task_id)
        with pytest.raises(ServiceError):
            next(client.tracks(task_id))
    of_file = orjson.loads((tmp_path / "results.json").read_bytes())["tracks"]
    assert of_file
    assert len(tracks) == len(of_file)
    for track in of_file:
        kept = tracks[track["track_id"]]
        assert kept["observations"] == track.pop("frames")
        assert kept.items() >= track.items()


def test_results_replace_older_ones_and_nothing_else(
    service: Service, task: str, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    for _ in range(2):
        assert service.trackloop("results", task, "--out", out).code == 0
    (out / "thesis.tex").write_text("years of work")
    refused = service.trackloop("results", task, "--out", out)
    assert refused.code == 2
    assert "out_not_empty" in refused.output


def test_tasks_are_shown_for_people_and_for_programs(service: Service, task: str) -> None:
    assert "succeeded" in service.trackloop("status", task).output
    code, status = _json(service, "status", task, "--json")
    assert code == 0
    assert isinstance(status, dict)
    assert status["task_id"] == task
    assert task in service.trackloop("tasks", "list", "--state", "succeeded").output
    assert _json(service, "tasks", "list", "--state", "cancelled", "--json")[1] == []
    code, files = _json(service, "results", task, "--json")
    assert isinstance(files, list)
    assert "results.csv" in {file["name"] for file in files}
    assert "results.csv" in service.trackloop("results", task).output


def test_a_wrong_option_is_named_with_exit_code_2(service: Service, video: Path) -> None:
    ended = service.trackloop("submit", video, "--confidence", "1.5")
    assert ended.code == 2
    assert "invalid_option: " in ended.output
    assert "confidence" in ended.output


def test_a_task_that_fails_gives_exit_code_1_and_its_error(
    service: Service, tmp_path: Path
) -> None:
    (tmp_path / "a.mp4").write_bytes(b"no video at all" * 100)
    code, status = _json(service, "submit", tmp_path / "a.mp4", "--wait", "--json")
    assert code == 1
    assert isinstance(status, dict)
    assert status["state"] == "failed"
    assert status["error"]["code"] == "not_a_video"


def test_a_task_is_cancelled_and_erased(service: Service, tmp_path: Path) -> None:
    long = make_video(tmp_path / "long.mp4", frames=3000, size=(320, 192))
    _, submitted = _json(service, "submit", long, "--json")
    assert isinstance(submitted, dict)
    task = submitted["task_id"]
    assert "cancelled" in service.trackloop("cancel", task).output
    with service.client() as client:
        assert client.wait(task, timeout=30)["state"] == "cancelled"
    assert service.trackloop("tasks", "erase", task).code == 0
    assert service.trackloop("status", task).code == 1


def test_ctrl_c_while_waiting_leaves_the_task_running(service: Service, tmp_path: Path) -> None:
    long = make_video(tmp_path / "long.mp4", frames=3000, size=(320, 192))
    waiting = start(service.storage, "submit", long, "--wait", variables=service.variables)
    with service.client() as client, waiting as process:
        until(lambda: bool(list(client.tasks(["running"]))), process)
        time.sleep(0.5)  # it hears of it
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
        said = process.stdout.read() if process.stdout else ""
        (running,) = client.tasks(["running"])
        task = running["task_id"]
        assert f"trackloop cancel {task}" in said
        assert f"trackloop status {task}" in said
        assert client.cancel(task)["state"] == "cancelled"


def test_a_task_in_anothers_name_is_his(service: Service, video: Path) -> None:
    code, status = _json(service, "submit", video, "--user-id", "bob", "--wait", "--json")
    assert code == 0, status
    assert isinstance(status, dict)
    task = str(status["task_id"])
    assert service.trackloop("status", task, "--user-id", "bob").code == 0
    assert "no_such_task" in service.trackloop("status", task).output
    assert task not in service.trackloop("tasks", "list").output


def test_a_file_that_is_not_there_is_refused_before_anything_is_sent(service: Service) -> None:
    ended = service.trackloop("submit", "/nowhere/a.mp4")
    assert ended.code == 2
    assert "no_such_file: " in ended.output


def test_keys_are_made_listed_and_revoked(service: Service, task: str) -> None:
    create = ("keys", "create", "--principal", "ada")
    key = ask(service.storage, *create, variables=service.variables).stdout.strip()
    asked = {"headers": {"x-api-key": key}, "trust_env": False, "timeout": 20.0}
    assert httpx.get(f"{service.url}/models", **asked).status_code == 200  # type: ignore[arg-type]
    assert httpx.get(f"{service.url}/status/{task}", **asked).status_code == 404  # type: ignore[arg-type]
    listed = service.trackloop("keys", "list").output
    assert key not in listed
    key_id = next(line.split()[0] for line in listed.splitlines() if " ada " in line)
    assert service.trackloop("keys", "revoke", key_id).code == 0
    assert httpx.get(f"{service.url}/models", **asked).status_code == 401  # type: ignore[arg-type]
    assert service.trackloop("keys", "revoke", "nobody").code == 1
    assert service.trackloop("keys", "create", "--principal", "a", "--scopes", "root").code == 2
