"""Make the video sound: linked as it is, remuxed, or encoded anew, whichever is enough."""

import logging
from dataclasses import replace

import numpy as np

from shared.domain.task import AnyTask
from shared.domain.video import Orientation, VideoMeta
from shared.errors import MediaError
from shared.pipeline.tools import Tools
from shared.progress.port import StepProgress
from shared.storage.documents import read_document, write_document
from shared.storage.files import link_or_copy, publishing, sha256_of
from shared.storage.index_file import read_index, write_index
from shared.vision.frame_index import FrameIndex
from shared.vision.reencode import reencode
from shared.vision.remux import packet_index, remux
from workers.video_processor.probe_report import ProbeReport

log = logging.getLogger(__name__)

_MISSING_SECONDS = 1.0
"""A header may round its duration, or count sound that goes on a little longer."""

_PLAIN_FORMATS = ("yuv420p", "yuvj420p")


def transcode(tools: Tools, task: AnyTask) -> None:
    """Publish the normalised video, its frame index and its VideoMeta.

    Raises:
        MediaError: `no_frames` when encoding finds nothing to encode.
        TransientError: `disk_full`.
    """
    paths = tools.paths
    report = read_document(paths.source_meta(task.id), ProbeReport)
    found = read_index(paths.source_index(task.id))
    progress = _Progress(tools, task, report.frame_count)
    orientation = report.orientation
    index: FrameIndex | None = None
    reason = _why_encode(report, found)
    if reason is None and _is_sound(report):
        link_or_copy(paths.source(task.id), paths.video(task.id), on_bytes=progress.alive)
        index = found
    elif reason is None:
        index = _try_remux(tools, task, report, found, progress)
    if index is None:
        log.info("%s: encoded anew: %s", task.id, reason or "packets cannot be moved as they are")
        index = _encode(tools, task, report, found, progress)
        orientation = Orientation.UPRIGHT
    index = index.first(report.frame_count)
    write_index(paths.index(task.id), index)
    write_document(paths.meta(task.id), _meta(tools, task, report, index, orientation, progress))
    progress.finish()


class _Progress:
    """Frames made, and a sign of life while their file is read once more."""

    def __init__(self, tools: Tools, task: AnyTask, total: int) -> None:
        self._step = StepProgress(tools.progress, task.id, "transcode", "frames")
        self._done, self._total = 0, total

    def moved(self, done: int) -> None:
        self._done = min(done, self._total)  # a packet more than frames, where they are reordered
        self.alive(0)

    def alive(self, _: int) -> None:
        self._step.update(self._done, self._total)

    def finish(self) -> None:
        self._step.finish(self._total, self._total)


def _why_encode(report: ProbeReport, index: FrameIndex) -> str | None:
    """The first reason that neither a link nor a remux is enough; None if one of them is."""
    checks = {
        f"codec {report.codec}": report.codec != "h264",
        f"pixel format {report.pixel_format}": report.pixel_format not in _PLAIN_FORMATS,
        "odd sides": report.width % 2 or report.height % 2,
        "damaged places": report.decode_errors or report.corrupt_frames,
        "frames of several sizes": report.size_changes,
        "the first frame is no keyframe": not index.keyframe[0],
        "packets that are not shown": report.complete and report.packet_count != len(index),
    }
    return next((reason for reason, holds in checks.items() if holds), None)


def _is_sound(report: ProbeReport) -> bool:
    """An mp4 whose header and timestamps are right can stay as it is."""
    return (
        report.container == "mov"
        and report.first_video
        and not report.timed_by_rate
        and report.announced_frame_count >= report.frame_count
    )


def _try_remux(
    tools: Tools, task: AnyTask, report: ProbeReport, found: FrameIndex, progress: _Progress
) -> FrameIndex | None:
    paths = tools.paths
    wanted = found.packets_of_first(report.frame_count)
    try:
        with publishing(paths.video(task.id)) as partial:
            remux(
                paths.source(task.id), report.container, report.stream, wanted, partial,
                progress.moved,
            )  # fmt: skip
            index = packet_index(partial, progress.alive)
            if len(index) != len(wanted) or np.any(abs(index.seconds - wanted.seconds) > 1e-4):
                raise MediaError("cannot_remux", "the mp4 holds other frame times.")
            return index
    except MediaError as error:
        log.info("%s: not remuxed: %s", task.id, error.message)
        return None


def _encode(
    tools: Tools, task: AnyTask, report: ProbeReport, found: FrameIndex, progress: _Progress
) -> FrameIndex:
    paths, fps = tools.paths, found.fps or 25.0
    with publishing(paths.video(task.id)) as partial:
        reencode(
            paths.source(task.id),
            partial,
            demuxer=report.container,
            orientation=report.orientation,
            fps=fps,
            rate=fps if report.timed_by_rate else None,
            limit=report.frame_count,
            threaded=not (report.decode_errors or report.corrupt_frames),
            on_frame=progress.moved,
        )
        return packet_index(partial, progress.alive)


def _meta(
    tools: Tools, task: AnyTask, report: ProbeReport, index: FrameIndex, orientation: Orientation,
    progress: _Progress,
) -> VideoMeta:  # fmt: skip
    width, height = report.width, report.height
    if report.orientation.swaps_sides:
        width, height = height, width
    video = tools.paths.video(task.id)
    facts = video.stat()  # before hashing, so that a later write shows
    meta = VideoMeta(
        container=report.container,
        codec=report.codec,
        pixel_format=report.pixel_format,
        width=width,
        height=height,
        orientation=orientation,
        frame_count=len(index),
        fps=round(index.fps, 6),
        duration_seconds=round(index.duration_seconds, 6),
        announced_frame_count=report.announced_frame_count,
        announced_fps=report.announced_fps,
        size_bytes=facts.st_size,
        sha256=sha256_of(video, progress.alive),
        modified_ns=facts.st_mtime_ns,
        decode_errors=report.decode_errors,
        complete=report.complete,
    )
    return replace(meta, lost=tuple(_lost(report, index)))


def _lost(report: ProbeReport, index: FrameIndex) -> list[str]:
    """One sentence for each thing that the results must own up to."""
    damaged, seconds = report.decode_errors or report.corrupt_frames, index.duration_seconds
    sentences = {
        f"{report.decode_errors} places did not decode ({report.first_error}); "
        f"{report.frame_count} frames did.": report.decode_errors,
        f"{report.corrupt_frames} frames are damaged in part.": report.corrupt_frames,
        f"{index.gap_seconds:.1f} s between frames are missing.": damaged and index.gap_seconds,
        f"{report.size_changes} frames had another size and were scaled.": report.size_changes,
        f"Timestamps were missing or out of order; times follow {index.fps:.3g} fps.":
            report.timed_by_rate,
        "A rotation that is no quarter turn was ignored.": report.odd_matrix,
        f"The header announces {report.announced_frame_count} frames; {report.frame_count} decode.":
            _lacks_announced_frames(report, index),
        f"The header announces {report.announced_seconds:.1f} s; {seconds:.1f} s decode.":
            report.complete and report.announced_seconds > seconds + _MISSING_SECONDS,
    }  # fmt: skip
    return [sentence for sentence, holds in sentences.items() if holds]


def _lacks_announced_frames(report: ProbeReport, index: FrameIndex) -> bool:
    """Only mov counts its frames; other headers derive a count from a rate, and lie.

    Where time is not lacking too, an edit list hides the others on purpose.
    """
    if report.container != "mov" or not report.complete:
        return False
    damaged = bool(report.decode_errors or report.corrupt_frames)
    shown = index.duration_seconds + 2 / max(index.fps, 1e-6)
    lacking = damaged or report.announced_seconds > shown
    return lacking and report.announced_frame_count > report.frame_count
