"""Commands that need no video: models, track, eval, doctor."""

from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner, Result

from cli.doctor import _codec, _opencv, _storage, _training
from cli.main import app
from shared.access.service_file import RunningService, announced
from shared.errors import TrackloopError
from shared.settings import Settings
from shared.storage.paths import Paths
from tests.support.tiny_models import TinyModel
from tests.support.videos import make_video

TRUTH = """\
1,1,10,10,20,40,1,-1,-1
1,2,100,10,20,40,1,-1,-1
2,1,12,10,20,40,1,-1,-1
2,2,102,10,20,40,1,-1,-1
3,1,14,10,20,40,1,-1,-1
3,2,104,10,20,40,1,-1,-1
"""


@pytest.fixture(autouse=True)
def _own_storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKLOOP_STORAGE_URL", (tmp_path / "storage").as_uri())
    monkeypatch.setenv("COLUMNS", "200")


def _call(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def _refusal(*arguments: object) -> TrackloopError:
    error = _call(*arguments).exception
    assert isinstance(error, TrackloopError)
    return error


def test_perfect_tracks_score_one(tmp_path: Path) -> None:
    (tmp_path / "gt.txt").write_text(TRUTH)
    result = _call("eval", "--gt", tmp_path / "gt.txt", "--tracker", tmp_path / "gt.txt", "--json")
    scores = orjson.loads(result.stdout)
    assert (scores["hota"], scores["mota"], scores["idf1"]) == (1, 1, 1)


def test_swapped_ids_cost_idf1_but_not_coverage(tmp_path: Path) -> None:
    (tmp_path / "gt.txt").write_text(TRUTH)
    swapped = TRUTH.replace("3,1,14", "3,9,14").replace("3,2,", "3,1,").replace("3,9,", "3,2,")
    (tmp_path / "t.txt").write_text(swapped)
    result = _call("eval", "--gt", tmp_path / "gt.txt", "--tracker", tmp_path / "t.txt", "--json")
    scores = orjson.loads(result.stdout)
    assert scores["false_negatives"] == scores["false_positives"] == 0
    assert scores["id_switches"] == 2
    assert scores["idf1"] == pytest.approx(4 / 6)


def test_other_classes_count_only_when_asked_for(tmp_path: Path) -> None:
    (tmp_path / "gt.txt").write_text(TRUTH.replace("1,-1,-1", "1,3,1"))
    files = ("--gt", tmp_path / "gt.txt", "--tracker", tmp_path / "gt.txt")
    refusal = _refusal("eval", *files)
    assert refusal.code == "nothing_to_score"
    assert "--protocol all" in refusal.message
    assert orjson.loads(_call("eval", *files, "--protocol", "all", "--json").stdout)["hota"] == 1


def test_a_tracker_that_found_nothing_scores_zero(tmp_path: Path) -> None:
    (tmp_path / "gt.txt").write_text(TRUTH)
    (tmp_path / "t.txt").write_text("1,-1,0,0,5,5,1\n")
    result = _call("eval", "--gt", tmp_path / "gt.txt", "--tracker", tmp_path / "t.txt", "--json")
    assert orjson.loads(result.stdout)["idf1"] == 0


def test_track_follows_boxes_from_text_to_text(tmp_path: Path) -> None:
    lines = [f"{f},-1,{10 + 2 * f},10,20,40,0.9,-1,-1,-1\n" for f in range(1, 11)]
    (tmp_path / "det.txt").write_text("".join(lines))
    assert _call("track", tmp_path / "det.txt", "--out", tmp_path / "t.txt").exit_code == 0
    rows = (tmp_path / "t.txt").read_text().splitlines()
    assert {row.split(",")[1] for row in rows} == {"1"}
    assert rows[0].split(",")[0] == "1"


def test_a_broken_detection_file_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "det.txt").write_text("1,-1,10,10,20,40,0.9\n2,-1,ten,10,20,40,0.9\n")
    refusal = _refusal("track", tmp_path / "det.txt", "--out", tmp_path / "t.txt")
    assert refusal.code == "bad_mot_file"
    assert "line 2" in refusal.message
    assert not (tmp_path / "t.txt").exists()


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    refusal = _refusal("eval", "--gt", tmp_path / "no.txt", "--tracker", tmp_path / "no.txt")
    assert refusal.code == "no_such_file"


def test_a_model_is_added_listed_and_shown(tmp_path: Path) -> None:
    file = TinyModel(classes=2).save(tmp_path / "m.onnx")
    added = _call("models", "add", file, "--name", "mine", "--classes", "cat,dog")
    assert added.exit_code == 0, added.output
    assert "mine@1" in _call("models", "list").stdout
    assert orjson.loads(_call("models", "show", "mine").stdout)["classes"] == ["cat", "dog"]


def test_the_model_before_comes_back(tmp_path: Path) -> None:
    for number in (1, 2):
        file = TinyModel(classes=number + 1).save(tmp_path / f"{number}.onnx")
        names = ",".join("abc"[: number + 1])
        assert _call("models", "add", file, "--name", "mine", "--classes", names).exit_code == 0
    back = _call("models", "rollback", "mine")
    assert back.stdout == "mine@3 serves: mine@1 again, in place of mine@2\n"
    assert orjson.loads(_call("models", "show", "mine").stdout)["classes"] == ["a", "b"]
    assert _refusal("models", "rollback", "mine").code == "no_earlier_version"


@pytest.mark.parametrize(
    "wrong", [("--size", "big"), ("--classes-file", "/nowhere"), ("--size", "320x")]
)
def test_a_wrong_option_of_add_is_named(tmp_path: Path, wrong: tuple[str, str]) -> None:
    (tmp_path / "m.onnx").touch()
    refusal = _refusal("models", "add", tmp_path / "m.onnx", "--name", "mine", *wrong)
    assert refusal.code == "bad_option"
    assert wrong[0] in refusal.message


def test_doctor_finds_this_installation_sound_and_prints_the_settings() -> None:
    result = _call("doctor")
    assert result.exit_code == 0, result.output
    assert "TRACKLOOP_STORAGE_URL" in result.stdout
    assert "encoder libx264" in result.stdout


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TRACKLOOP_THREADS", "many"),
        ("TRACKLOOP_INFERENCE_URL", "magic://"),
        ("TRACKLOOP_ALLOWED_FOLDERS", "/srv/videos"),
        ("TRACKLOOP_STORAGE_URL", "file://data_storage"),
        ("TRACKLOOP_STORAGE_URL", "s3://bucket"),
        ("TRACKLOOP_DATABASE_URL", "mysql://localhost/x"),
        ("TRACKLOOP_BROKER_URL", "http://localhost"),
        ("TRACKLOOP_REDIS_URL", "http://localhost"),
        ("TRACKLOOP_LABELING_URL", "cvat://localhost"),
        ("TRACKLOOP_LABELING_URL", "folder:///proc/1/nowhere"),
        ("TRACKLOOP_LABELING_URL", "labelstudio+http://127.0.0.1:1"),
        ("TRACKLOOP_LABELING_WEBHOOK_URL", "localhost"),
        ("TRACKLOOP_API_KEY", "short"),
        ("TRACKLOOP_URL", "localhost:8000"),
    ],
)
def test_doctor_names_a_wrong_setting(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    result = _call("doctor")
    assert result.exit_code == 1
    assert name in result.stdout


def test_doctor_notes_whether_training_is_possible(tmp_path: Path) -> None:
    (told,) = _training(Settings(train_python=tmp_path / "python"))
    assert (told.state, "TRACKLOOP_TRAIN_PYTHON" in told.remedy) == ("warn", True)
    (tmp_path / "python").write_text("""#!/bin/sh\necho '{"torch": "2.9", "device": "cpu"}'""")
    (tmp_path / "python").chmod(0o755)
    (found,) = _training(Settings(train_python=tmp_path / "python"))
    assert (found.state, found.fact) == ("ok", "torch 2.9, device cpu")


def test_doctor_fails_on_two_opencvs(monkeypatch: pytest.MonkeyPatch) -> None:
    class Dist:
        def __init__(self, name: str) -> None:
            self.metadata = {"Name": name}

    both = [Dist("opencv-python"), Dist("opencv-python-headless"), Dist("numpy")]
    monkeypatch.setattr("cli.doctor.distributions", lambda: both)
    (finding,) = _opencv(Settings())
    assert finding.state == "fail"
    assert "uninstall" in finding.remedy


def test_doctor_warns_of_a_disk_that_is_nearly_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.doctor._LOW_DISK_BYTES", 10**18)
    finding = next(_storage(Settings()))
    assert finding.state == "warn"
    assert "TRACKLOOP_STORAGE_URL" in finding.remedy


def test_doctor_fails_on_a_storage_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "touch", refuse)
    *_, finding = _storage(Settings())
    assert finding.state == "fail"
    assert "Permission denied" in finding.fact


def test_doctor_fails_on_a_missing_codec() -> None:
    finding = _codec("no_such_codec", "r", set())
    assert finding.state == "fail"
    assert finding.remedy


def test_a_frame_number_that_no_video_has_is_refused(tmp_path: Path) -> None:
    (tmp_path / "det.txt").write_text("1000000000000,-1,0,0,9,9\n")
    refusal = _refusal("track", tmp_path / "det.txt", "--out", tmp_path / "t.txt")
    assert refusal.code == "bad_mot_file"


def test_a_name_in_brackets_is_printed_as_it_is(tmp_path: Path) -> None:
    out = tmp_path / "Cat [dQw4w9]"
    result = _call("run", make_video(tmp_path / "a.mp4"), "--out", out, "--no-overlay")
    assert result.exit_code == 0, result.output
    assert "Cat [dQw4w9]/results.csv" in result.stdout


def test_the_database_is_upgraded_as_often_as_one_likes(tmp_path: Path) -> None:
    for _ in range(2):
        assert _call("db", "upgrade").exit_code == 0
    assert (tmp_path / "storage" / "trackloop.db").exists()


def test_an_unknown_database_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKLOOP_DATABASE_URL", "mysql://root:secret@localhost/x")
    refused = _refusal("db", "upgrade")
    assert refused.code == "unknown_database"
    assert "secret" not in refused.message


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("DATABASE_URL", "postgresql+psycopg://ada:secret@localhost/x"),
        ("BROKER_URL", "amqp://ada:se:cret@localhost//"),
        ("REDIS_URL", "redis://:secret@localhost/0"),
    ],
)
def test_doctor_prints_no_passwords(monkeypatch: pytest.MonkeyPatch, name: str, url: str) -> None:
    monkeypatch.setenv(f"TRACKLOOP_{name}", url)
    monkeypatch.setenv("TRACKLOOP_API_KEY", "secret" * 8)
    shown = _call("doctor").stdout
    assert "***@localhost" in shown
    assert "secret" not in shown
    assert "cret" not in shown


def test_doctor_says_whether_the_service_answers(tmp_path: Path) -> None:
    assert "trackloop up" in _call("doctor").stdout
    dead = RunningService("http://127.0.0.1:9", "k" * 43, 1)
    with announced(Paths(tmp_path / "storage").service_file(), dead):
        shown = _call("doctor").stdout
    assert "service_unreachable" not in shown
    assert "No service answers at http://127.0.0.1:9" in shown


@pytest.mark.parametrize("arguments", [("db", "upgrade"), ("keys", "list"), ("up", "--port", "0")])
def test_a_database_that_does_not_answer_is_said(
    monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    url = "postgresql+psycopg://root:secret@127.0.0.1:1/x"
    monkeypatch.setenv("TRACKLOOP_DATABASE_URL", url)
    refused = _refusal(*arguments)
    assert refused.code == "database_unreachable"
    assert "Connection refused" in refused.message
    assert "secret" not in refused.message


def test_a_broker_that_does_not_answer_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKLOOP_BROKER_URL", "amqp://guest:secret@127.0.0.1:1//")
    refused = _refusal("up", "--port", "0")
    assert refused.code == "broker_unreachable"
    assert "secret" not in refused.message


def test_an_unknown_runtime_is_said_before_any_task(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKLOOP_INFERENCE_URL", "magic://")
    assert _refusal("up", "--port", "0").code == "unknown_scheme"
