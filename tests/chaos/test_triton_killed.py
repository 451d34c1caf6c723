"""kill -9 of Triton in mid-inference: the task ends right, once, as if nothing had been."""

from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep

import pytest

from tests.support.grounds import GroundOn, Service, one_process
from tests.support.told_once import nothing_twice
from tests.support.triton_server import TritonServer, triton_server
from tests.support.videos import make_video
from tests.support.waiting import eventually

pytestmark = pytest.mark.slow

FRAMES = 100
SEEN = 10
"""Inferences after which it is killed."""
SAME = ("results.csv", "results.json", "mot.txt", "chunks/result_chunk_0.json", "tracks.parquet")
OPTIONS = {"overlay": False}


@pytest.fixture(autouse=True, scope="module")
def _chunks() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRACKLOOP_CHUNK_SECONDS", "5")
        yield


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_video(tmp_path_factory.mktemp("video") / "a.mp4", frames=FRAMES, size=(320, 192))


@pytest.fixture(scope="module")
def in_process(_chunks: None, video: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of the in-process runtime."""
    folder = tmp_path_factory.mktemp("in-process")
    with one_process(folder) as ground, ground.running() as service, service.client() as client:
        task = client.submit(video, OPTIONS)
        assert client.wait(task, timeout=180)["state"] == "succeeded"
        for name in SAME:
            client.download(task, name, folder / "out" / name)
    return folder / "out"


def _inferences(triton: TritonServer) -> int:
    with triton.client() as client:
        return sum(each.inference_count for each in client.get_inference_statistics().model_stats)


# Shorter than one call is patient, and longer: then the step fails for now and is run again.
@pytest.mark.parametrize("patience", [60, 0.2])
def test_the_task_ends_right_and_once(
    ground_on: GroundOn, tmp_path: Path, video: Path, in_process: Path, patience: float,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    with triton_server(_folder(tmp_path)) as triton, ground_on(tmp_path) as ground:
        if triton.server is None:
            pytest.skip("somebody else's server is not killed")
        monkeypatch.setenv("TRACKLOOP_INFERENCE_URL", triton.with_options(patience=patience))
        with ground.running() as service, service.client() as client:
            task = client.submit(video, OPTIONS)
            eventually(lambda: _inferences(triton) >= SEEN, seconds=120)
            triton.kill()
            if patience < 1:
                _wait_for_refusal(service)
            triton.start()
            status = client.wait(task, timeout=240)
            assert status["state"] == "succeeded", status["error"]
            assert _inferences(triton) > 0, "it was killed before the last inference"
            for name in SAME:
                target = tmp_path / "result"
                client.download(task, name, target)
                assert target.read_bytes() == (in_process / name).read_bytes(), name
        nothing_twice(ground.database_url, task)


def _folder(tmp_path: Path) -> Path:
    folder = tmp_path / "triton"
    folder.mkdir()
    return folder


def _wait_for_refusal(service: Service) -> None:
    """A step has failed for now, as its log says."""
    end = monotonic() + 60
    while "does not infer" not in service.said:
        assert monotonic() < end, service.said
        sleep(0.05)
