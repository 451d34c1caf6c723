"""What the benchmarks of Triton count, on a few requests."""

from pathlib import Path

import pytest

from benchmarks.case import Case
from benchmarks.child import measure
from shared.inference.models import model_store
from shared.settings import Settings
from tests.support.triton_server import TritonServer

pytestmark = pytest.mark.slow


@pytest.fixture
def case(tmp_path: Path) -> Case:
    model = model_store(Settings()).get("pet_hotel@1")
    storage = tmp_path / "storage"
    storage.mkdir()
    size = (model.manifest.input.height, model.manifest.input.width)
    video = tmp_path / "none.mp4"
    return Case("requests", video, video, storage, model.manifest.label, model.path, size)


@pytest.mark.parametrize("side", ["plain_run", "triton_run"])
def test_both_sides_are_asked_alike(triton: TritonServer, case: Case, side: str) -> None:
    run = measure(f"benchmarks.triton_tax:{side}", case, requests=6)
    assert run.facts["frames"] == 6
    assert run.facts["alone_ms"] > 0


def test_nothing_fails_and_nothing_is_mixed_during_a_switch(
    triton: TritonServer, case: Case
) -> None:
    run = measure("benchmarks.swap:swap_run", case, phase_seconds=1)
    assert run.facts["frames"] > 0
    assert (run.facts["failed"], run.facts["mixed"]) == (0, 0)
