"""Decode every frame of an untrusted file once; run as a child process under limits.

`python -m workers.video_processor.probe REQUEST.json` writes the frame index and prints lines of
JSON: how far it is, {"progress": [frames, frames in all or null]}, and last a ProbeReport, or
{"code", "message"} where the file is refused.
"""

import sys
import time
from collections.abc import Callable
from contextlib import closing
from itertools import islice
from pathlib import Path

import av.logging

from shared.decoding_process import limit_process, say
from shared.errors import MediaError, TrackloopError
from shared.storage.documents import read_document
from shared.storage.index_file import write_index
from shared.vision.container import open_container, sniff
from shared.vision.frame_index import FrameIndex
from shared.vision.tolerant import TolerantReader, video_stream
from workers.video_processor.probe_report import ProbeReport, ProbeRequest
from workers.video_processor.scan import LOOKAHEAD_FRAMES, Scan

OnFrame = Callable[[int, int], None]

_TELL_SECONDS = 0.25


def probe(request: ProbeRequest, on_frame: OnFrame) -> ProbeReport:
    """Decode the file and publish its frame index.

    Args:
        on_frame: told after each frame how many were decoded, and how many the header announces.

    Raises:
        MediaError: `empty_file`, `not_a_video`, `no_video`, `too_many_pixels`, `no_frames`,
            `too_long`.
    """
    report = _decode(request, on_frame, threaded=True)
    if report.decode_errors or report.corrupt_frames:
        # What decoder threads make of damage depends on their timing.
        report = _decode(request, on_frame, threaded=False)
    return report


def _decode(request: ProbeRequest, on_frame: OnFrame, *, threaded: bool) -> ProbeReport:
    demuxer = sniff(request.source)
    with open_container(request.source, demuxer) as container:
        stream = video_stream(container, request.source)
        stream.thread_type = "AUTO" if threaded else "NONE"
        _check_pixels(request, stream.codec_context.width, stream.codec_context.height)
        reader = TolerantReader(container, stream)
        scan = Scan(reader)
        limit = None if request.frame_limit is None else request.frame_limit + LOOKAHEAD_FRAMES
        with closing(reader.frames()) as frames:
            for done, frame in enumerate(islice(frames, limit), start=1):
                _check_pixels(request, frame.width, frame.height)
                scan.add(frame)
                on_frame(done, stream.frames)
        if scan.shape is None:
            raise _no_frames(request.source, reader.damage.first)
        index, timed_by_rate = scan.index()
        _check_duration(request, index)
        write_index(request.index, index)
        return scan.report(demuxer, request.frame_limit, timed_by_rate)


def _check_pixels(request: ProbeRequest, width: int, height: int) -> None:
    if width * height > request.max_pixels:
        raise MediaError(
            "too_many_pixels",
            f"{request.source.name}: frames of {width}×{height} exceed the limit of "
            f"{request.max_pixels} pixels; scale the video down or raise TRACKLOOP_MAX_PIXELS.",
        )


def _check_duration(request: ProbeRequest, index: FrameIndex) -> None:
    if index.duration_seconds > request.max_seconds:
        raise MediaError(
            "too_long",
            f"{request.source.name}: {index.duration_seconds:.0f} s exceed the limit of "
            f"{request.max_seconds:.0f} s; cut the video or raise TRACKLOOP_MAX_VIDEO_SECONDS.",
        )


def _no_frames(source: Path, reason: str) -> MediaError:
    detail = f" ({reason})" if reason else ""
    return MediaError(
        "no_frames", f"{source.name}: not one frame decodes{detail}; export the video again."
    )


class _Telling:
    """Says how far the decoding is, a few times a second.

    Where nobody listens any more this raises, which ends a child whose parent died.
    """

    def __init__(self, frame_limit: int | None) -> None:
        self._limit, self._told = frame_limit, float("-inf")

    def __call__(self, done: int, announced: int) -> None:
        now = time.monotonic()
        if now - self._told < _TELL_SECONDS:
            return
        self._told = now
        total = announced if self._limit is None else min(announced, self._limit)
        # Headers lie: one that announces less than there is announces nothing.
        say({"progress": [done, total if total >= done else None]})


def main() -> int:
    """Entry point of the child process."""
    request = read_document(Path(sys.argv[1]), ProbeRequest)
    limit_process(request.memory_bytes)
    # Python callbacks from decoder threads once hung threaded decoding.
    av.logging.restore_default_callback()
    av.logging.set_libav_level(av.logging.PANIC)
    try:
        answer: object = probe(request, _Telling(request.frame_limit))
    except TrackloopError as error:
        answer = {"code": error.code, "message": error.message}
    say(answer)
    return 0


if __name__ == "__main__":
    sys.exit(main())
