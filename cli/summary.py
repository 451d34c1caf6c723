"""What a finished run says on the terminal."""

from collections import Counter
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.markup import escape
from rich.table import Table


def print_summary(console: Console, out: Path, seconds: float) -> None:
    """A table of what was found, what was lost, and where the results are."""
    results = _without_frames(out / "results.json")
    video = results["video"]
    table = Table(title=escape(str(out)), title_justify="left", show_header=False)
    table.add_row("video", f"{video['width']}×{video['height']}, {video['fps']:.3g} fps")
    table.add_row("frames", f"{video['frame_count']} in {seconds:.1f} s")
    table.add_row("model", f"{results['model']['name']}@{results['model']['version']}")
    counts = Counter(track["class_name"] for track in results["tracks"])
    found = ", ".join(f"{n} {name}" for name, n in counts.most_common())
    table.add_row("tracks", escape(found) or "none")
    for sentence in video["lost"]:
        table.add_row("[yellow]lost[/]", escape(sentence))
    for file in sorted(out.iterdir()):
        table.add_row("", escape(str(file)))
    console.print(table)


def _without_frames(path: Path) -> Any:
    """All of results.json but its frames, which grow with the video; each part is a line."""
    with path.open("rb") as file:
        lines: Iterator[bytes] = takewhile(lambda line: not line.startswith(b'"frames"'), file)
        head = b"".join(lines)
    return orjson.loads(head.rstrip(b",\n") + b"}")
