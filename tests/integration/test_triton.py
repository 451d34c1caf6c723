"""Triton as it is used: memory shared, batches made, and asked again when it was away."""

import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest
from numpy.typing import NDArray

from shared.errors import InvalidInputError, ModelError, TrackloopError, TransientError
from shared.inference.adapters import check_inference, open_runtime, stage_model
from shared.inference.models import Model
from shared.inference.shared_region import SharedRegion
from shared.inference.triton_address import TritonAddress
from shared.inference.triton_config import describe
from shared.inference.triton_repository import stage_folder
from shared.storage.files import sha256_of
from tests.support.tiny_models import TinyModel
from tests.support.triton_server import TritonServer
from tests.support.waiting import eventually

pytestmark = pytest.mark.slow

TINY = TinyModel(dtype="uint8", layout="NHWC", dynamic_batch=True)


def _pictures(count: int) -> NDArray[np.uint8]:
    return np.random.default_rng(3).integers(0, 256, (count, 64, 96, 3), np.uint8)


def _named(folder: Path, name: str, tiny: TinyModel = TINY) -> Model:
    """A model that no other test loads."""
    folder.mkdir(exist_ok=True)
    model = tiny.in_folder(folder)
    return Model(replace(model.manifest, name=name), model.path)


def _served(triton: TritonServer, name: str) -> str:
    (folder,) = (each.name for each in triton.repository.iterdir() if each.name.startswith(name))
    return folder


def _regions(triton: TritonServer) -> int:
    with triton.client() as client:
        return len(client.get_system_shared_memory_status().regions)


def _left_behind() -> list[Path]:
    return list(Path("/dev/shm").glob("trackloop-*"))  # noqa: S108


def test_memory_is_shared_on_one_host_and_let_go(triton: TritonServer, tmp_path: Path) -> None:
    model, images = _named(tmp_path, "shares"), _pictures(2)
    with open_runtime(triton.with_options(shared_memory="on"), model, 2) as runtime:
        first = runtime.infer(images).result()
        assert _regions(triton) >= 1
        assert not _left_behind(), "the name is gone, so that a killed worker leaves nothing"
    assert _regions(triton) == 0
    with open_runtime(triton.with_options(shared_memory="off"), model, 2) as runtime:
        second = runtime.infer(images).result()
        assert _regions(triton) == 0
    np.testing.assert_array_equal(first, second)


def test_a_server_that_cannot_open_our_memory_gets_pictures_by_the_connection(
    triton: TritonServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As on another host: there the name means nothing.
    monkeypatch.setattr(SharedRegion, "key", "/trackloop-of-another-host")
    model, images = _named(tmp_path, "elsewhere"), _pictures(1)
    with open_runtime(triton.url, model, 1) as runtime:
        assert runtime.infer(images).result().shape[0] == 1
        assert runtime.infer(images).result().shape[0] == 1
    assert _regions(triton) == 0
    with (
        open_runtime(triton.with_options(shared_memory="on"), model, 1) as runtime,
        pytest.raises(InvalidInputError) as refused,
    ):
        runtime.infer(images).result()
    assert refused.value.code == "no_shared_memory"


def test_pictures_of_two_cameras_go_through_the_network_together(
    triton: TritonServer, tmp_path: Path
) -> None:
    model, images = _named(tmp_path, "cameras"), _pictures(64)
    with (
        open_runtime(triton.url, model, 8) as one,
        open_runtime(triton.url, model, 8) as other,
    ):
        futures = [(one, other)[n % 2].infer(images[n][None]) for n in range(64)]
        together = np.concatenate([future.result() for future in futures])
    with triton.client() as client:
        (found,) = client.get_inference_statistics(_served(triton, "cameras")).model_stats
    assert found.inference_count == 64
    assert found.execution_count < 64, "some went together"
    with open_runtime("onnx://", model, 1) as plain:
        alone = np.concatenate([plain.infer(each[None]).result() for each in images])
    np.testing.assert_allclose(together, alone, rtol=1e-5, atol=1e-5)


def test_two_versions_serve_beside_each_other(triton: TritonServer, tmp_path: Path) -> None:
    """A task that began with the old one goes on with it."""
    old = _named(tmp_path / "old", "pinned")
    new = _named(tmp_path / "new", "pinned", replace(TINY, classes=5))
    images = _pictures(1)
    with open_runtime(triton.url, old, 1) as before:
        was = before.infer(images).result()
        with open_runtime(triton.url, new, 1) as after:
            assert after.infer(images).result().shape[1] == 9
            np.testing.assert_array_equal(before.infer(images).result(), was)
    with open_runtime(triton.url, old, 1) as again:
        np.testing.assert_array_equal(again.infer(images).result(), was)


def test_a_server_that_was_killed_is_given_its_model_again(
    triton: TritonServer, tmp_path: Path
) -> None:
    model, images = _named(tmp_path, "killed"), _pictures(6)
    with open_runtime(triton.with_options(patience=60), model, 2) as runtime:
        before = [runtime.infer(each[None]).result() for each in images]
        triton.kill()
        waiting = [runtime.infer(each[None]) for each in images]
        triton.start()
        after = [each.result() for each in waiting]
        for one, other in zip(before, after, strict=True):
            np.testing.assert_array_equal(one, other)


def test_a_server_that_stays_away_is_no_longer_asked(triton: TritonServer, tmp_path: Path) -> None:
    model, images = _named(tmp_path, "away"), _pictures(1)
    with open_runtime(triton.with_options(patience=0.3), model, 1) as runtime:
        runtime.infer(images).result()
        triton.kill()
        for _ in range(3):
            with pytest.raises(TransientError) as failed:
                runtime.infer(images).result()
            assert failed.value.code == "triton_unavailable"
            assert "TRACKLOOP_INFERENCE_URL" in failed.value.message
        triton.start()
        eventually(lambda: _answers(runtime.infer(images)), seconds=60)


def _answers(future: object) -> bool:
    try:
        future.result()  # type: ignore[attr-defined]
    except TransientError:
        return False
    return True


@pytest.fixture
def own_triton(triton: TritonServer) -> Iterator[TritonServer]:
    """One that is of no use afterwards."""
    if triton.server is None:
        pytest.skip("somebody else's server is not spoilt")
    yield triton
    triton.kill()


def test_inference_says_how_it_is_and_not_its_readiness(
    own_triton: TritonServer, tmp_path: Path
) -> None:
    model, images = _named(tmp_path, "stub"), _pictures(1)
    with open_runtime(own_triton.with_options(patience=0.3), model, 1) as runtime:
        runtime.infer(images).result()
        assert own_triton.server is not None
        assert own_triton.server.process is not None
        for stub in psutil.Process(own_triton.server.process.pid).children(recursive=True):
            stub.send_signal(signal.SIGKILL)
        with pytest.raises(TransientError):
            runtime.infer(images).result()
        with own_triton.client() as client:
            assert client.is_server_ready()
        with pytest.raises(TrackloopError, match="TRACKLOOP_INFERENCE_URL"):
            check_inference(own_triton.url)


def test_a_server_that_hangs_is_not_waited_for_for_ever(
    own_triton: TritonServer, tmp_path: Path
) -> None:
    model, images = _named(tmp_path, "hangs"), _pictures(1)
    url = own_triton.with_options(timeout=1, patience=0.3)
    with open_runtime(url, model, 1) as runtime:
        runtime.infer(images).result()
        assert own_triton.server is not None
        assert own_triton.server.process is not None
        own_triton.server.process.send_signal(signal.SIGSTOP)
        with pytest.raises(TransientError, match="DEADLINE_EXCEEDED"):
            runtime.infer(images).result()


def test_a_call_that_was_given_up_keeps_its_memory_to_itself(
    own_triton: TritonServer, tmp_path: Path
) -> None:
    """The server may still read it, and write to it, while the next picture is asked for."""
    model, images = _named(tmp_path, "given-up"), _pictures(2)
    url = own_triton.with_options(timeout=1, patience=0.3, shared_memory="on")
    with open_runtime("onnx://", model, 1) as plain:
        expected = plain.infer(images[1:]).result()
    with open_runtime(url, model, 1) as runtime:
        runtime.infer(images[:1]).result()
        first = _names_of_regions(own_triton)
        assert own_triton.server is not None
        assert own_triton.server.process is not None
        own_triton.server.process.send_signal(signal.SIGSTOP)
        with pytest.raises(TransientError, match="DEADLINE_EXCEEDED"):
            runtime.infer(images[:1]).result()
        own_triton.server.process.send_signal(signal.SIGCONT)
        eventually(lambda: _answers(runtime.infer(images[1:])), seconds=60)
        found = runtime.infer(images[1:]).result()
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
        assert _names_of_regions(own_triton) - first, "the next call has memory of its own"


def _names_of_regions(triton: TritonServer) -> set[str]:
    with triton.client() as client:
        return set(client.get_system_shared_memory_status().regions)


def test_workers_that_come_at_once_load_a_model_once(triton: TritonServer, tmp_path: Path) -> None:
    model, faults = _named(tmp_path, "at-once"), list[BaseException]()

    def stage() -> None:
        try:
            stage_model(triton.url, model)
        except BaseException as error:  # noqa: BLE001  (told to the test)
            faults.append(error)

    threads = [threading.Thread(target=stage) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
    if triton.server is not None:
        log = (triton.server.folder / "triton.log").read_text()
        assert log.count(f"loading: {_served(triton, 'at-once')}:1") == 1


def test_another_model_in_the_folder_is_not_taken_for_ours(
    triton: TritonServer, tmp_path: Path
) -> None:
    model = _named(tmp_path, "tampered")
    stage_elsewhere = f"triton+grpc://127.0.0.1:1?repository={triton.repository}&instances=1"
    with pytest.raises(TransientError):
        stage_model(stage_elsewhere, model)
    served = describe(model, TritonAddress(triton.address, instances=1))
    config = stage_folder(triton.repository, served, model.manifest) / "config.pbtxt"
    config.write_text(config.read_text().replace(model.manifest.sha256, "0" * 64))
    with pytest.raises(ModelError) as refused:
        open_runtime(triton.url, model, 1)
    assert refused.value.code == "model_changed"


def test_without_a_repository_only_what_is_there_can_be_asked(
    triton: TritonServer, tmp_path: Path
) -> None:
    url = f"triton+grpc://{triton.address}?instances=1"
    model = _named(tmp_path, "unstaged")
    with pytest.raises(ModelError, match=r"\?repository=") as refused:
        open_runtime(url, model, 1)
    assert refused.value.code == "not_staged"
    stage_model(triton.url, model)
    with open_runtime(url, model, 1) as runtime:
        assert runtime.infer(_pictures(1)).result().shape[0] == 1


def test_a_file_that_the_server_cannot_load_is_named(triton: TritonServer, tmp_path: Path) -> None:
    model = _named(tmp_path, "refused")
    network = TINY.build()
    network.graph.node[0].op_type = "NoSuchOperator"
    model.path.write_bytes(network.SerializeToString())
    wrong = Model(replace(model.manifest, sha256=sha256_of(model.path)), model.path)
    with pytest.raises(ModelError, match=r"model\.onnx: Triton cannot load it") as refused:
        open_runtime(triton.url, wrong, 1)
    assert refused.value.code == "model_does_not_run"
    check_inference(triton.url)


def test_a_sound_server_is_found_sound(triton: TritonServer, tmp_path: Path) -> None:
    check_inference(triton.url)
    stage_model(triton.url, _named(tmp_path, "sound"))
    started = time.monotonic()
    check_inference(triton.url)
    assert time.monotonic() - started < 60


def test_what_is_to_run_on_a_gpu_never_runs_on_a_processor(
    triton: TritonServer, tmp_path: Path
) -> None:
    """Where the server has a GPU it runs there; where it has none, nothing is loaded."""
    model = _named(tmp_path, "on-gpu")
    url = triton.url if "device=gpu" in triton.url else triton.with_options(device="gpu")
    try:
        runtime = open_runtime(url, model, 1)
    except ModelError as refused:
        assert refused.code == "model_does_not_run"
        assert "device=gpu" not in triton.url, "this server was said to have one"
        return
    with runtime:
        assert runtime.provenance["device"] == "gpu"
        with open_runtime("onnx://", model, 1) as plain:
            found, expected = (each.infer(_pictures(1)).result() for each in (runtime, plain))
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=2e-3)
