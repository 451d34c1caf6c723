"""The plan of a task's detection: under which key, in which pieces."""

from dataclasses import dataclass
from pathlib import Path

from shared.domain.video import Chunk
from shared.storage.documents import read_document


@dataclass(frozen=True, slots=True)
class Plan:
    """`key` names the folder of the detections; `chunks` cover the video in order."""

    key: str
    chunks: tuple[Chunk, ...]


def read_plan(path: Path) -> Plan:
    """Read `plan.json`."""
    return read_document(path, Plan)
