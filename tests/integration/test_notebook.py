"""results.ipynb runs from top to bottom beside the files that it reads."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from shared.pipeline.tools import Tools
from tests.support.finished_task import Row, finished_task
from tests.support.toolbox import toolbox
from workers.results.csv_file import write_csv
from workers.results.json_file import write_json
from workers.results.notebook import write_notebook

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("nbconvert") is None, reason="nbconvert is not installed"
    ),
]


def plots_of(tools: Tools, rows: list[Row] | None, seconds: list[float] | None = None) -> int:
    """Write the results, run the notebook, count its plots."""
    finished = finished_task(tools, rows=rows, seconds=seconds, cuts=())
    for step in (write_csv, write_json, write_notebook):
        step(tools, finished.task)
    subprocess.run(
        [sys.executable, "-m", "jupyter", "nbconvert", "--to", "notebook", "--execute",
         "--output", "executed.ipynb", str(finished.results / "results.ipynb")],
        check=True, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    document = json.loads((finished.results / "executed.ipynb").read_bytes())
    outputs = [output for cell in document["cells"] for output in cell.get("outputs", ())]
    return sum("image/png" in output.get("data", {}) for output in outputs)


@pytest.mark.parametrize("rows", [None, [], [(0, 1, 0, 0.5, 1.0, 1.0, 9.0, 9.0)]])
def test_it_plots_any_number_of_tracks(tmp_path: Path, rows: list[Row] | None) -> None:
    with toolbox(tmp_path) as tools:
        assert plots_of(tools, rows) == 4


def test_it_plots_a_video_of_one_frame(tmp_path: Path) -> None:
    with toolbox(tmp_path) as tools:
        assert plots_of(tools, [(0, 1, 0, 0.5, 1.0, 1.0, 9.0, 9.0)], seconds=[0.0]) == 4
