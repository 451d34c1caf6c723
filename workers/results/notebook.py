"""results.ipynb: opens results.csv and results.json beside it and plots them."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
from nbformat import v4

from shared.domain.task import Task
from shared.inference.choice import choose
from shared.pipeline.tools import Tools
from shared.storage.files import write_bytes
from shared.vision.colours import TRACK_COLOURS

TEMPLATE = Path(__file__).with_suffix(".md")
"""Prose as it is, Python between fences: one cell each."""

_CODE = re.compile(r"^```python\n(.*?)^```\n", re.DOTALL | re.MULTILINE)


def write_notebook(tools: Tools, task: Task) -> None:
    """Publish results.ipynb, not yet run; the same bytes for every video."""
    label = choose(tools.models, task.options).model.manifest.label
    write_bytes(tools.paths.results(task.id, label) / "results.ipynb", notebook())


def notebook() -> bytes:
    """The notebook: nbformat 4, cell ids by place."""
    colours = ", ".join(f'"#{red:02x}{green:02x}{blue:02x}"' for red, green, blue in TRACK_COLOURS)
    text = TEMPLATE.read_text(encoding="utf-8").replace("@TRACK_COLOURS@", colours)
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    document = v4.new_notebook(cells=list(_cells(text)), metadata=metadata)
    nbformat.validate(document)
    written: str = nbformat.writes(document)
    return (written + "\n").encode()


def _cells(text: str) -> Iterator[Any]:
    for place, part in enumerate(_CODE.split(text)):
        if place % 2:
            yield v4.new_code_cell(part.strip(), id=f"code-{place // 2}")
        elif part.strip():
            yield v4.new_markdown_cell(part.strip(), id=f"text-{place // 2}")
