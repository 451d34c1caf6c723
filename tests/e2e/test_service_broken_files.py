"""Every odd or broken file over HTTP: each task ends as the table says, and the service stays."""

from pathlib import Path

import orjson
import pytest

from tests.support.grounds import Ground
from tests.support.malformed import EXPECTED

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

OPTIONS = {"max_frames": 300, "overlay": False}


def test_every_file_ends_with_results_or_its_reason(
    ground: Ground, test_data: Path, tmp_path: Path
) -> None:
    with ground.running() as service, service.client() as client:
        tasks = {name: client.submit(test_data / "malformed" / name, OPTIONS) for name in EXPECTED}
        ended = {name: client.wait(task, timeout=300) for name, task in tasks.items()}
        found: dict[str, int | str] = {}
        for name, status in ended.items():
            error = status["error"]
            if error is None:
                assert status["state"] == "succeeded"
                client.download(tasks[name], "meta.json", tmp_path / "meta.json")
                found[name] = _frames(tmp_path / "meta.json")
            else:
                assert status["state"] == "failed"
                assert error["message"].endswith(".")
                assert "/" not in error["message"].split()[0], "no place of the server"
                found[name] = error["code"]
        assert service.process.poll() is None
    assert found == EXPECTED


def _frames(meta: Path) -> int:
    return int(orjson.loads(meta.read_bytes())["frame_count"])
