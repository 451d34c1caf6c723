"""Decode the source once, in a child process, before anything else touches it."""

from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import TypeAdapter

from shared.decoding_process import run_decoding
from shared.domain.task import AnalysisOptions, FrameOptions, Task
from shared.errors import MediaError, TransientError
from shared.fetch.shown import base_name
from shared.pipeline.tools import Tools
from shared.progress.port import StepProgress
from shared.storage.documents import write_document
from shared.storage.files import full_disk_as_error
from shared.storage.index_file import read_index
from workers.video_processor.probe_report import ProbeReport, ProbeRequest

_PROBE = "workers.video_processor.probe"

MIN_SECONDS_OF_DAMAGED = 1.0
"""Less than this of a damaged video is refused: there is nothing to follow in it."""


def validate(tools: Tools, task: Task[AnalysisOptions | FrameOptions]) -> None:
    """Publish the source's ProbeReport and frame index.

    Raises:
        MediaError: what `probe` refuses, `too_damaged`, `decode_timeout`, `decoder_died`.
        TransientError: `disk_full`.
    """
    paths, options = tools.paths, task.options
    progress = StepProgress(tools.progress, task.id, "validate", "frames")
    folder = paths.videos(task.id)
    # The child writes into a folder that goes with it, should it be killed while it writes.
    with full_disk_as_error(folder), TemporaryDirectory(dir=folder, prefix=".part-") as place:
        limit = options.max_frames if isinstance(options, AnalysisOptions) else None
        request = _request(tools, task.id, Path(place), limit)
        name, timeout = base_name(task.source), tools.settings.probe_timeout_seconds
        answer = run_decoding(_PROBE, request, Path(place), name, timeout, progress.update)
        if "code" in answer:
            kind = TransientError if answer["code"] == "disk_full" else MediaError
            raise kind(answer["code"], answer["message"].replace(request.source.name, name, 1))
        report = TypeAdapter(ProbeReport).validate_python(answer)
        _check_damage(report, read_index(request.index).duration_seconds, name)
        request.index.replace(paths.source_index(task.id))
    write_document(paths.source_meta(task.id), report)
    progress.update(report.frame_count, report.frame_count)


def _request(tools: Tools, task_id: str, place: Path, limit: int | None) -> ProbeRequest:
    settings = tools.settings
    return ProbeRequest(
        source=tools.paths.source(task_id),
        index=place / "source.parquet",
        frame_limit=limit,
        max_pixels=settings.max_pixels,
        max_seconds=settings.max_video_seconds,
        memory_bytes=settings.probe_memory_bytes,
    )


def _check_damage(report: ProbeReport, seconds: float, name: str) -> None:
    if report.complete and report.decode_errors and seconds < MIN_SECONDS_OF_DAMAGED:
        raise MediaError(
            "too_damaged",
            f"{name}: only {report.frame_count} frames ({seconds:.2f} s) decode before it breaks "
            f"({report.first_error}); export the video again.",
        )
