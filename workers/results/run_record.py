"""run.json: where and when a run took place, from what, and what it left."""

import platform
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from shared.domain.task import Task
from shared.exporters.tracked_video import tracked_video
from shared.fetch.shown import shown
from shared.inference.choice import choose
from shared.pipeline.tools import Tools
from shared.storage.documents import write_document
from shared.storage.files import Artefact, artefact
from shared.storage.plan import read_plan
from shared.version import trackloop_version

NAME = "run.json"

_SETTINGS = {"inference_url", "threads", "chunk_seconds"}
"""Named one by one, so that no later setting with a secret ends up in a result."""


def record_run(tools: Tools, task: Task) -> None:
    """Publish run.json, last of all: it lists the other results with their hashes."""
    choice = choose(tools.models, task.options)
    video, manifest = tracked_video(tools.paths, task, choice), choice.model.manifest
    plan = read_plan(tools.paths.plan(task.id))
    record = {
        "task_id": task.id,
        "finished_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "host": platform.node(),
        "trackloop": trackloop_version(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "source": shown(task.source),
        "video": video.meta,
        "model": {
            "name": manifest.name, "version": manifest.version, "sha256": manifest.sha256,
            "licence": manifest.licence,
        },
        "runtime": _provenance(tools.paths.provenance(plan.key)),
        "options": task.options,
        "used": {"confidence": choice.confidence, "iou": choice.iou},
        "settings": tools.settings.model_dump(mode="json", include=_SETTINGS),
        "artefacts": list(_artefacts(video.results)),
    }  # fmt: skip
    write_document(video.results / NAME, record)


def _provenance(path: Path) -> Any:
    """What ran the model; None where nobody wrote it down."""
    return orjson.loads(path.read_bytes()) if path.exists() else None


def _artefacts(folder: Path) -> Iterator[Artefact]:
    """Every published file but the record itself, by name; half-written ones begin with a dot."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        hidden = any(part.startswith(".") for part in name.parts)
        if path.is_file() and not hidden and name.as_posix() != NAME:
            yield artefact(path, name.as_posix())
