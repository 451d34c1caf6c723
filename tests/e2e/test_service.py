"""`trackloop up` and the commands around it, as a user meets them."""

import signal
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import orjson
import pytest

from tests.support.command import command, environment, run, start
from tests.support.service import Up, until, up
from tests.support.videos import make_video

SAME = (
    "results.csv", "results.json", "mot.txt", "mot_classes.json", "chunks/result_chunk_0.json",
    "tracks.parquet",
)  # fmt: skip

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """A service that every test here shares."""
    with up(tmp_path_factory.mktemp("service") / "storage") as running:
        yield running


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds."""
    return make_video(tmp_path_factory.mktemp("video") / "a video.mp4", size=(320, 192))


def _json(service: Up, *arguments: object) -> tuple[int, object]:
    """Exit code and what a command prints to stdout alone."""
    ended = subprocess.run(
        command(*arguments), env=environment(service.storage), cwd=service.storage.parent,
        capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    return ended.returncode, orjson.loads(ended.stdout) if ended.stdout else ended.stderr.decode()


@pytest.fixture(scope="module")
def task(service: Up, video: Path) -> str:
    """A task that succeeded."""
    code, status = _json(service, "submit", video, "--wait", "--json")
    assert code == 0, status
    assert isinstance(status, dict)
    assert (status["state"], status["percent"]) == ("succeeded", 100)
    return str(status["task_id"])


def test_it_prints_an_address_and_a_key_that_opens_it(service: Up) -> None:
    assert service.url.startswith("http://127.0.0.1:")
    asked = {"trust_env": False, "timeout": 20.0}
    assert httpx.get(f"{service.url}/health", **asked).status_code == 200  # type: ignore[arg-type]
    for key, status in ((service.key, 200), ("x" + service.key[1:], 401)):
        headers = {"x-api-key": key}
        answer = httpx.get(f"{service.url}/models", headers=headers, **asked)  # type: ignore[arg-type]
        assert answer.status_code == status


def test_the_key_lies_in_no_file_that_others_may_read(service: Up) -> None:
    holding = [
        file
        for file in service.storage.rglob("*")
        if file.is_file() and service.key.encode() in file.read_bytes()
    ]
    assert [file.name for file in holding] == ["service.json"]
    assert stat.S_IMODE(holding[0].stat().st_mode) == 0o600


def test_results_are_those_of_run_byte_for_byte(
    service: Up, task: str, video: Path, tmp_path: Path
) -> None:
    ended = service.trackloop("results", task, "--out", tmp_path / "service")
    assert ended.code == 0, ended.output
    assert run(tmp_path / "own", "run", video, "--out", tmp_path / "run").code == 0
    assert _files(tmp_path / "service") == _files(tmp_path / "run")
    for name in SAME:
        assert (tmp_path / "service" / name).read_bytes() == (tmp_path / "run" / name).read_bytes()


def _files(folder: Path) -> set[Path]:
    return {file.relative_to(folder) for file in folder.rglob("*")}


def test_results_replace_older_ones_and_nothing_else(
    service: Up, task: str, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    for _ in range(2):
        assert service.trackloop("results", task, "--out", out).code == 0
    (out / "thesis.tex").write_text("years of work")
    refused = service.trackloop("results", task, "--out", out)
    assert refused.code == 2
    assert "out_not_empty" in refused.output


def test_tasks_are_shown_for_people_and_for_programs(service: Up, task: str) -> None:
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


def test_a_wrong_option_is_named_with_exit_code_2(service: Up, video: Path) -> None:
    ended = service.trackloop("submit", video, "--confidence", "1.5")
    assert ended.code == 2
    assert "invalid_option: " in ended.output
    assert "confidence" in ended.output


def test_a_task_that_fails_gives_exit_code_1_and_its_error(service: Up, tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"no video at all" * 100)
    code, status = _json(service, "submit", tmp_path / "a.mp4", "--wait", "--json")
    assert code == 1
    assert isinstance(status, dict)
    assert status["state"] == "failed"
    assert status["error"]["code"] == "not_a_video"


def test_a_task_is_cancelled_and_erased(service: Up, tmp_path: Path) -> None:
    long = make_video(tmp_path / "long.mp4", frames=3000, size=(320, 192))
    _, submitted = _json(service, "submit", long, "--json")
    assert isinstance(submitted, dict)
    task = submitted["task_id"]
    assert "cancelled" in service.trackloop("cancel", task).output
    with service.client() as client:
        assert client.wait(task, timeout=30)["state"] == "cancelled"
    assert service.trackloop("tasks", "erase", task).code == 0
    assert service.trackloop("status", task).code == 1


def test_ctrl_c_while_waiting_leaves_the_task_running(service: Up, tmp_path: Path) -> None:
    long = make_video(tmp_path / "long.mp4", frames=3000, size=(320, 192))
    with service.client() as client, start(service.storage, "submit", long, "--wait") as process:
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


def test_a_task_in_anothers_name_is_his(service: Up, video: Path) -> None:
    code, status = _json(service, "submit", video, "--user-id", "bob", "--wait", "--json")
    assert code == 0, status
    assert isinstance(status, dict)
    task = str(status["task_id"])
    assert service.trackloop("status", task, "--user-id", "bob").code == 0
    assert "no_such_task" in service.trackloop("status", task).output
    assert task not in service.trackloop("tasks", "list").output


def test_a_file_that_is_not_there_is_refused_before_anything_is_sent(service: Up) -> None:
    ended = service.trackloop("submit", "/nowhere/a.mp4")
    assert ended.code == 2
    assert "no_such_file: " in ended.output


def test_keys_are_made_listed_and_revoked(service: Up, task: str) -> None:
    made = subprocess.run(
        command("keys", "create", "--principal", "ada"), env=environment(service.storage),
        cwd=service.storage.parent, capture_output=True, text=True, check=True,
    )  # fmt: skip
    key = made.stdout.strip()
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


def test_a_second_service_on_the_same_storage_is_refused(service: Up) -> None:
    refused = service.trackloop("up", "--port", 0)
    assert refused.code == 1
    assert "already_running: " in refused.output
    assert "TRACKLOOP_STORAGE_URL" in refused.output
    with service.client() as client:
        assert client.models(), "the first one goes on, and its key with it"


def test_without_a_service_the_command_says_what_to_do(tmp_path: Path, video: Path) -> None:
    ended = run(tmp_path / "storage", "submit", video)
    assert ended.code == 2
    assert "trackloop up" in ended.output
    assert "TRACKLOOP_URL" in ended.output


def test_a_chosen_key_is_not_printed_and_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = "0123456789abcdef" * 3
    monkeypatch.setenv("TRACKLOOP_API_KEY", key)
    monkeypatch.setenv("TRACKLOOP_HOST", "0.0.0.0")  # noqa: S104  (what is tested)
    for _ in range(2):
        with up(tmp_path / "storage") as service:
            assert key not in service.said
            assert "Other machines may reach this address" in service.said
            assert service.trackloop("tasks", "list", "--json").code == 0
            assert service.stop(signal.SIGTERM) == 0
