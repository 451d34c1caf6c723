"""`trackloop run` as a user meets it: refusals, interrupts, resuming."""

import signal
import time
from pathlib import Path

import pytest

from tests.support.command import run, start
from tests.support.live_folder import files_in
from tests.support.videos import make_video

CAT = "video/cat.mp4"


def _left(storage: Path) -> list[Path]:
    """Files in the storage that are neither models nor finished detections."""
    kept = (storage / "models", storage / "detections")
    return [
        file
        for file in storage.rglob("*")
        if file.is_file()
        and (not any(file.is_relative_to(k) for k in kept) or file.name.startswith("."))
    ]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--confidence", "1.5"), "invalid_option"),
        (("--confidence", "0"), "invalid_option"),
        (("--iou", "-1"), "invalid_option"),
        (("--frame-skip", "-1"), "invalid_option"),
        (("--max-frames", "0"), "invalid_option"),
        (("--classes", "person,unicorn"), "unknown_class"),
        (("--model", "nobody"), "unknown_model"),
        (("--model", "../../etc"), "unknown_model"),
    ],
)
def test_a_wrong_option_is_named_and_nothing_is_left(
    tmp_path: Path, arguments: tuple[str, ...], code: str
) -> None:
    video, storage, out = make_video(tmp_path / "a.mp4"), tmp_path / "storage", tmp_path / "out"
    ended = run(storage, "run", video, "--out", out, *arguments)
    assert ended.code == 2
    assert f"{code}: " in ended.output
    assert arguments[0].strip("-").replace("-", "_") in ended.output
    assert not out.exists()
    assert not storage.exists() or not _left(storage)


def test_a_folder_with_other_files_is_not_replaced(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.tex").write_text("years of work")
    ended = run(tmp_path / "storage", "run", make_video(tmp_path / "a.mp4"), "--out", out)
    assert ended.code == 2
    assert "out_not_empty" in ended.output
    assert (out / "thesis.tex").read_text() == "years of work"


def test_older_results_are_replaced_whole(tmp_path: Path) -> None:
    video, storage, out = make_video(tmp_path / "a.mp4"), tmp_path / "storage", tmp_path / "out"
    assert run(storage, "run", video, "--out", out).code == 0
    assert (out / "overlaid_results.mp4").exists()
    assert run(storage, "run", video, "--out", out, "--no-overlay").code == 0
    assert not (out / "overlaid_results.mp4").exists()


def test_another_tracker_detects_nothing_again(tmp_path: Path) -> None:
    video, storage, out = make_video(tmp_path / "a.mp4"), tmp_path / "storage", tmp_path / "out"
    run(storage, "run", video, "--out", out)
    made = {file: file.stat().st_mtime_ns for file in storage.rglob("chunk-*.parquet")}
    ended = run(storage, "run", video, "--out", out, "--tracker", "sort", "--confidence", "0.4")
    assert ended.code == 0
    assert {file: file.stat().st_mtime_ns for file in storage.rglob("chunk-*.parquet")} == made


def test_a_limited_run_leaves_the_detections_of_a_whole_one_alone(tmp_path: Path) -> None:
    video, storage, out = make_video(tmp_path / "a.mp4"), tmp_path / "storage", tmp_path / "out"
    run(storage, "run", video, "--out", out)
    whole = (out / "results.csv").read_bytes()
    made = {file: file.stat().st_mtime_ns for file in storage.rglob("chunk-*.parquet")}
    assert run(storage, "run", video, "--out", out, "--max-frames", 7).code == 0
    assert run(storage, "run", video, "--out", out).code == 0
    assert (out / "results.csv").read_bytes() == whole
    assert (
        made.items()
        <= {file: file.stat().st_mtime_ns for file in storage.rglob("chunk-*.parquet")}.items()
    )


@pytest.mark.slow
@pytest.mark.parametrize(("stop", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_leaves_nothing_half_written_and_the_next_run_goes_on(
    storage: Path, test_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    stop: signal.Signals, code: int,
) -> None:  # fmt: skip
    monkeypatch.setenv("TRACKLOOP_CHUNK_SECONDS", "2")
    own = tmp_path / "storage"
    own.mkdir()
    (own / "models").symlink_to(storage / "models")
    out = tmp_path / "out"
    arguments = ("run", test_data / CAT, "--model", "yolo11n", "--out", out)
    with start(own, *arguments) as process:
        while not any(file.match("chunk-0000-*.parquet") for file in files_in(own)):
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(stop)
        assert process.wait(20) == code, process.communicate()[0]
    assert not out.exists()
    assert not _left(own)
    done = {file.name: file.stat().st_mtime_ns for file in own.rglob("chunk-*.parquet")}
    assert 1 <= len(done) < 3
    ended = run(own, *arguments)
    assert ended.code == 0, ended.output
    after = {file.name: file.stat().st_mtime_ns for file in own.rglob("chunk-*.parquet")}
    assert len(after) == 3
    assert done.items() <= after.items()


@pytest.mark.slow
def test_a_killed_run_is_cleared_by_the_next(
    storage: Path, test_data: Path, tmp_path: Path
) -> None:
    own = tmp_path / "storage"
    own.mkdir()
    (own / "models").symlink_to(storage / "models")
    with start(own, "run", test_data / CAT, "--model", "yolo11n") as process:
        while not list(own.glob("videos/*/plan.json")):
            assert process.poll() is None
            time.sleep(0.02)
        process.kill()
    assert _left(own)
    video = make_video(tmp_path / "a.mp4")
    assert run(own, "run", video, "--out", tmp_path / "out").code == 0
    assert not _left(own)
