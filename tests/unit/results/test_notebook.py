"""results.ipynb, without running it (tests/integration/test_notebook.py does)."""

import ast
import json
from typing import Any

from shared.vision.colours import TRACK_COLOURS
from tests.support.finished_task import FinishedTask
from workers.results.notebook import notebook, write_notebook


def cells(kind: str) -> list[Any]:
    return [cell for cell in json.loads(notebook())["cells"] if cell["cell_type"] == kind]


def test_the_bytes_never_change(finished: FinishedTask) -> None:
    write_notebook(finished.tools, finished.task)
    assert (finished.results / "results.ipynb").read_bytes() == notebook() == notebook()


def test_cell_ids_tell_kind_and_place() -> None:
    assert [cell["id"] for cell in cells("code")] == [f"code-{n}" for n in range(6)]
    assert cells("markdown")[0]["id"] == "text-0"


def test_it_has_not_been_run() -> None:
    assert all(cell["outputs"] == [] for cell in cells("code"))


def test_it_imports_only_what_it_announces() -> None:
    code = ast.parse("\n".join("".join(cell["source"]) for cell in cells("code")))
    names = [alias.name for node in ast.walk(code) if isinstance(node, ast.Import)
             for alias in node.names]  # fmt: skip
    names += [node.module or "" for node in ast.walk(code) if isinstance(node, ast.ImportFrom)]
    packages = {name.partition(".")[0] for name in names}
    assert packages == {"csv", "json", "pathlib", "matplotlib", "numpy"}


def test_tracks_have_the_colours_of_the_overlay() -> None:
    red, green, blue = TRACK_COLOURS[0]
    assert f"#{red:02x}{green:02x}{blue:02x}" in "".join(cells("code")[0]["source"])
