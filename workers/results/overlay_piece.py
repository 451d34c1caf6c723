"""One piece of the overlay video."""

from dataclasses import dataclass
from pathlib import Path
from threading import Event

import numpy as np

from shared.domain.video import Chunk
from shared.exporters.tracked_video import TrackedFrame, TrackedVideo
from shared.storage.row_reading import FrameRows
from shared.vision.colours import colour_space_of
from shared.vision.container import open_container
from shared.vision.decode import read_frames
from shared.vision.frame_index import FrameIndex
from shared.vision.overlay_part import PartWriter, ticks
from shared.vision.track_overlay import HISTORY_SECONDS, TrackOverlay

_GOP_SECONDS = 2.0  # how far a player seeks at most


@dataclass(slots=True)
class Piece:
    """Draws and encodes the frames of one chunk.

    Attributes:
        source: the normalised video.
        target: an mp4 whose first frame is at time 0.
        stop: once set, drawing ends after the current frame.
        done: frames drawn so far; read by the thread that reports progress.
    """

    video: TrackedVideo
    source: Path
    index: FrameIndex
    chunk: Chunk
    target: Path
    stop: Event
    done: int = 0

    @property
    def start_tick(self) -> int:
        """When the piece begins."""
        return ticks(float(self.index.seconds[self.chunk.start]))

    def draw(self) -> None:
        """Write `target`.

        Raises:
            MediaError: `video_changed`.
        """
        with open_container(self.source, "mov") as container:
            like = container.streams.video[0].codec_context
            meta = self.video.meta
            height, width = meta.height + meta.height % 2, meta.width + meta.width % 2
            gop = max(1, round(meta.fps * _GOP_SECONDS))
            overlay = TrackOverlay(height, self.video.classes, colour_space_of(like))
            with PartWriter(self.target, width=width, height=height, gop=gop, like=like) as writer:
                self._draw(overlay, writer)

    def _draw(self, overlay: TrackOverlay, writer: PartWriter) -> None:
        chunk, history = self.chunk, self._history()
        frames = read_frames(
            self.source, self.index, self.video.meta.orientation,
            start=chunk.start, stop=chunk.stop,
        )  # fmt: skip
        with FrameRows(self.video.tracks, start=history) as rows:
            for ordinal in range(history, chunk.start):
                self._observe(overlay, rows, ordinal)
            for frame in frames:
                if self.stop.is_set():
                    return
                self._observe(overlay, rows, frame.ordinal)
                overlay.paint(writer.copied(frame), frame.seconds)
                writer.write_canvas(ticks(frame.seconds) - self.start_tick)
                self.done += 1

    def _history(self) -> int:
        """The first frame whose rows show in this piece: by its trail, or by boxes kept."""
        seconds = self.index.seconds
        since = seconds[self.chunk.start] - HISTORY_SECONDS
        analysed = self.chunk.start - self.chunk.start % self._every
        return min(int(np.searchsorted(seconds, since)), analysed)

    def _observe(self, overlay: TrackOverlay, rows: FrameRows, ordinal: int) -> None:
        """Frames between two analysed ones keep the boxes of the first."""
        found = rows.at(ordinal)
        if found is not None:
            frame = TrackedFrame.of(found)
            overlay.observe(frame.time_seconds, frame.tracked)
        elif ordinal % self._every == 0:
            overlay.hide()

    @property
    def _every(self) -> int:
        return self.video.options.frame_skip + 1
