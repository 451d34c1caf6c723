"""Whatever a file holds: results or a stated reason, in bounded time and memory."""

import json
import re
from pathlib import Path

import pytest

from tests.support.command import run
from tests.support.malformed import EXPECTED

pytestmark = pytest.mark.slow

MAX_SECONDS, MAX_BYTES = 60, 1.5e9


def test_the_table_names_every_file(test_data: Path) -> None:
    folder = test_data / "malformed"
    assert {str(p.relative_to(folder)) for p in folder.glob("*/*")} == EXPECTED.keys()


@pytest.mark.parametrize(("name", "expected"), EXPECTED.items())
def test_results_or_a_reason(
    test_data: Path, tmp_path: Path, name: str, expected: int | str
) -> None:
    storage, out = tmp_path / "storage", tmp_path / "out"
    source = test_data / "malformed" / name
    ended = run(storage, "run", source, "--max-frames", 300, "--out", out)
    assert ended.seconds < MAX_SECONDS
    assert ended.peak_bytes < MAX_BYTES
    if isinstance(expected, int):
        assert ended.code == 0, ended.output
        assert json.loads((out / "results.json").read_bytes())["video"]["frame_count"] == expected
        return
    assert ended.code == 1, ended.output
    assert "Traceback" not in ended.output
    assert re.match(rf"{expected}: .*\.$", ended.output.strip().splitlines()[-1]), ended.output
    assert not out.exists()
    assert not [p for p in storage.rglob("*") if p.is_file()]
