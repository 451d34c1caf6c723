"""overlaid_results.mp4: the video with boxes, labels and trails, as browsers play it."""

from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event

from shared.domain.task import Task
from shared.exporters.tracked_video import tracked_video
from shared.inference.choice import choose
from shared.pipeline.tools import Tools
from shared.progress.port import INTERVAL_SECONDS, StepProgress
from shared.storage.files import publishing
from shared.storage.index_file import read_index
from shared.vision.overlay_part import concatenate
from workers.results.overlay_piece import Piece

_PIECE_SECONDS = 5.0
"""Short enough that every thread has a piece of a short video."""


def draw_overlay(tools: Tools, task: Task) -> None:
    """Publish the overlay: as many frames, of the same size and at the same times.

    Pieces are drawn side by side, one thread each, and joined without encoding again, so the
    result does not depend on the number of threads.

    Raises:
        MediaError: `video_changed`.
        TransientError: `disk_full`.
    """
    video = tracked_video(tools.paths, task, choose(tools.models, task.options))
    progress = StepProgress(tools.progress, task.id, "draw_overlay", "frames")
    video.results.mkdir(parents=True, exist_ok=True)
    with (
        TemporaryDirectory(dir=video.results, prefix=".part-") as folder,
        publishing(video.results / "overlaid_results.mp4") as partial,
    ):
        source, index = tools.paths.video(task.id), read_index(tools.paths.index(task.id))
        stop = Event()
        pieces = [
            Piece(video, source, index, chunk, Path(folder) / f"{chunk.number}.mp4", stop)
            for chunk in index.cut(_PIECE_SECONDS)
        ]
        _draw_all(pieces, stop, tools.settings.threads, progress)
        concatenate(
            [(piece.target, piece.start_tick) for piece in pieces], partial,
            lambda: progress.update(len(index), len(index)),
        )  # fmt: skip


def _draw_all(pieces: Sequence[Piece], stop: Event, threads: int, progress: StepProgress) -> None:
    """Draw every piece; an error or an interrupt stops the others at their next frame."""
    total = sum(piece.chunk.stop - piece.chunk.start for piece in pieces)
    pool = ThreadPoolExecutor(threads, thread_name_prefix="overlay")
    try:
        waiting = {pool.submit(piece.draw) for piece in pieces}
        while waiting:
            ended, waiting = wait(waiting, INTERVAL_SECONDS, return_when=FIRST_EXCEPTION)
            for future in ended:
                future.result()
            progress.update(sum(piece.done for piece in pieces), total)
    finally:
        stop.set()
        pool.shutdown(cancel_futures=True)
