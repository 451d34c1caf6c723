"""A real video on servers, cut up between two workers, each as if on a host of its own."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command import run
from tests.support.deployment import Deployment, deployed
from tests.support.grounds import StandingServers

pytestmark = pytest.mark.slow

MODEL, FRAMES = "yolo11n", 510  # it has a keyframe every 250
WORKERS = dict.fromkeys(("one", "two"), ("worker", "--concurrency", 1))


@pytest.fixture
def here(
    on_servers: StandingServers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Deployment]:
    """Two workers of one process each; nothing but the bucket is common to them."""
    monkeypatch.setenv("TRACKLOOP_CHUNK_SECONDS", "1")
    with (
        on_servers.fresh(tmp_path) as variables,
        deployed(tmp_path / "storage", variables, workers=WORKERS, upgraded=True) as running,
    ):
        yield running


def test_chunks_that_two_workers_detect_give_what_run_gives(
    here: Deployment, storage: Path, test_data: Path, tmp_path: Path
) -> None:
    model = test_data / "models/yolo11n_coco_320_int8.onnx"
    added = here.trackloop("models", "add", model, "--name", MODEL)
    assert added.code == 0, added.output
    video = test_data / "video/vtest_480x360_10fps.avi"
    with here.client() as client:
        task = client.submit(video, {"model": MODEL, "max_frames": FRAMES, "overlay": False})
        status = client.wait(task, timeout=300)
    assert status["state"] == "succeeded", status["error"]
    fetched = here.trackloop("results", task, "--out", tmp_path / "fetched")
    assert fetched.code == 0, fetched.output
    options = ("--model", MODEL, "--max-frames", FRAMES, "--no-overlay")
    ran = run(storage, "run", video, *options, "--out", tmp_path / "ran")
    assert ran.code == 0, ran.output
    _same(tmp_path / "fetched", tmp_path / "ran")
    shares = {name: _detected(here.roles[name].said, task) for name in WORKERS}
    print({name: len(parts) for name, parts in shares.items()})  # noqa: T201
    assert all(shares.values()), "each has detected some"
    blobs = [list(here.cache(name).glob("blobs/*")) for name in WORKERS]
    assert all(blobs), "each fetched for itself"


def _detected(said: str, task: str) -> set[str]:
    return set(re.findall(rf"{task}: detect (\d+) took", said))


def _same(fetched: Path, ran: Path) -> None:
    names = {"results.csv", "results.json", "mot.txt", "mot_classes.json", "tracks.parquet"}
    names |= {str(file.relative_to(ran)) for file in ran.glob("chunks/*")}
    assert len((ran / "results.csv").read_text().splitlines()) > FRAMES
    for name in sorted(names):
        assert (fetched / name).read_bytes() == (ran / name).read_bytes(), name
