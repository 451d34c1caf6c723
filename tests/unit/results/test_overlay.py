"""overlaid_results.mp4."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from threading import active_count

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange

from shared.domain.task import AnalysisOptions
from shared.domain.video import Chunk, Orientation
from shared.errors import MediaError
from shared.pipeline.tools import Tools
from shared.storage.documents import write_document
from shared.storage.index_file import write_index
from shared.storage.plan import Plan
from shared.vision.colours import TRACK_COLOURS, ColourSpace
from shared.vision.decode import planes_of
from shared.vision.frame_index import FrameIndex
from tests.support.finished_task import KEY, FinishedTask, Row, finished_task
from tests.support.toolbox import toolbox
from workers.results.overlay import draw_overlay

BT601 = ColourSpace(0.299, 0.114, full_range=False)
FIRST_COLOUR = np.array(BT601.yuv(TRACK_COLOURS[0]))
TOLERANCE = 24  # of the encoder, per channel


def decoded(path: Path) -> list[VideoFrame]:
    with av.open(str(path)) as container:
        return list(container.decode(video=0))


def overlay(finished: FinishedTask) -> Path:
    draw_overlay(finished.tools, finished.task)
    return finished.results / "overlaid_results.mp4"


def pixel(frame: VideoFrame, x: int, y: int) -> np.ndarray:
    """Y, U, V of one place."""
    luma, blue, red = planes_of(frame)
    return np.array([luma[y, x], blue[y // 2, x // 2], red[y // 2, x // 2]], int)


def has_box(frame: VideoFrame, x: int, y: int) -> bool:
    return bool(np.all(abs(pixel(frame, x, y) - FIRST_COLOUR) <= TOLERANCE))


def difference(frame: VideoFrame, source: VideoFrame) -> np.ndarray:
    """Of luma, absolute."""
    return abs(planes_of(frame)[0].astype(int) - planes_of(source)[0])


def test_every_frame_is_there_in_a_form_that_browsers_play(finished: FinishedTask) -> None:
    path = overlay(finished)
    with av.open(str(path)) as container:
        context = container.streams.video[0].codec_context
        assert (context.name, context.pix_fmt) == ("h264", "yuv420p")
        assert (context.width, context.height) == (320, 240)
    assert len(decoded(path)) == 90


def test_the_header_comes_before_the_pictures(finished: FinishedTask) -> None:
    content = overlay(finished).read_bytes()
    assert 0 < content.index(b"moov") < content.index(b"mdat")


def test_a_box_is_drawn_where_and_when_the_subject_is(finished: FinishedTask) -> None:
    frames = decoded(overlay(finished))
    for ordinal in (0, 30, 59, 60, 89):
        assert has_box(frames[ordinal], 40 + ordinal, 140)
        assert has_box(frames[ordinal], 79 + ordinal, 140)
    assert not has_box(frames[60], 40, 140)


def test_the_rest_of_the_picture_stays(finished: FinishedTask) -> None:
    frames = decoded(overlay(finished))
    sources = decoded(finished.tools.paths.video(finished.task.id))
    for ordinal in (3, 70):
        changed = difference(frames[ordinal], sources[ordinal])
        assert changed[200:].max() < 12
        assert changed[110:170, 45 + ordinal : 75 + ordinal].max() < 24


def test_the_source_is_not_drawn_on(finished: FinishedTask) -> None:
    video = finished.tools.paths.video(finished.task.id)
    before = video.read_bytes()
    overlay(finished)
    assert video.read_bytes() == before


def test_uneven_times_are_kept(tools: Tools) -> None:
    times = np.cumsum([0, *np.tile([0.04, 0.1, 0.033], 29)])
    finished = finished_task(tools, seconds=times.tolist(), cuts=(30, 60))
    frames = decoded(overlay(finished))
    found = [float(frame.pts * (frame.time_base or Fraction(0))) for frame in frames]
    assert np.allclose(found, finished.index.seconds, atol=2e-5)


def test_pieces_show_what_one_piece_shows(tools: Tools, tmp_path: Path) -> None:
    """Trails too: a piece looks at the rows before it."""
    whole = decoded(overlay(finished_task(tools, cuts=())))
    with toolbox(tmp_path / "other", threads=2) as others:
        parts = decoded(overlay(finished_task(others, cuts=(30, 60))))
    for one, other in zip(whole, parts, strict=True):
        assert difference(one, other).max() < 60
        assert difference(one, other).mean() < 1


def test_the_number_of_threads_changes_nothing(tools: Tools, tmp_path: Path) -> None:
    with toolbox(tmp_path / "other", threads=1) as others:
        single = overlay(finished_task(others)).read_bytes()
    assert overlay(finished_task(tools)).read_bytes() == single


def test_boxes_stay_between_analysed_frames_and_go_after_the_last(tools: Tools) -> None:
    rows: list[Row] = [(n, 1, 0, 0.9, 40.0, 100.0, 80.0, 180.0) for n in (0, 4, 8)]
    options = AnalysisOptions(model="scene", frame_skip=3, max_frames=10)
    frames = decoded(overlay(finished_task(tools, rows=rows, options=options)))
    shown = [has_box(frame, 40, 140) for frame in frames]
    assert shown == [True] * 12 + [False] * 78


def test_an_analysed_frame_without_boxes_shows_none(tools: Tools) -> None:
    rows: list[Row] = [(n, 1, 0, 0.9, 40.0, 100.0, 80.0, 180.0) for n in (0, 2)]
    frames = decoded(overlay(finished_task(tools, rows=rows)))
    assert [has_box(frame, 40, 140) for frame in frames[:4]] == [True, False, True, False]


def test_without_tracks_the_video_is_copied(tools: Tools) -> None:
    finished = finished_task(tools, rows=[])
    frames = decoded(overlay(finished))
    sources = decoded(finished.tools.paths.video(finished.task.id))
    assert max(difference(a, b).max() for a, b in zip(frames, sources, strict=True)) < 24


def test_boxes_at_the_rim_do_no_harm(tools: Tools) -> None:
    edges = [(0.0, 0.0, 320.0, 240.0), (319.5, 239.5, 320.0, 240.0), (0.0, 0.0, 0.0, 0.0)]
    rows: list[Row] = [(n, k, 0, 0.9, *box) for n in range(90) for k, box in enumerate(edges, 1)]
    assert len(decoded(overlay(finished_task(tools, rows=rows)))) == 90


def test_frames_stored_lying_stand_upright(tools: Tools) -> None:
    finished = finished_task(tools, rows=[], orientation=Orientation.TURN_90)
    frames = decoded(overlay(finished))
    assert (frames[0].width, frames[0].height) == (240, 320)


def test_colour_tags_of_the_source_are_kept(tools: Tools) -> None:
    finished = finished_task(tools, rows=[], pixel_format="yuvj420p")
    with av.open(str(overlay(finished))) as container:
        assert container.streams.video[0].codec_context.color_range == ColorRange.JPEG


class _Listening:
    """Keeps what is reported."""

    def __init__(self) -> None:
        self.reports: list[tuple[object, ...]] = []

    def report(self, *report: object) -> None:
        self.reports.append(report)


class _Interrupting:
    """Somebody presses Ctrl-C at the first report."""

    def report(self, *_: object) -> None:
        raise KeyboardInterrupt


def test_progress_ends_at_the_last_frame(finished: FinishedTask) -> None:
    listening = _Listening()
    draw_overlay(replace(finished.tools, progress=listening), finished.task)
    assert listening.reports[-1] == ("task", "draw_overlay", 90, 90, "frames", 0)


def test_an_interrupt_ends_it_and_leaves_nothing(finished: FinishedTask) -> None:
    threads = active_count()
    with pytest.raises(KeyboardInterrupt):
        draw_overlay(replace(finished.tools, progress=_Interrupting()), finished.task)
    assert active_count() == threads
    assert [path.name for path in finished.results.iterdir()] == ["tracks.parquet"]


def test_a_video_that_lost_frames_since_is_refused(finished: FinishedTask) -> None:
    paths, task = finished.tools.paths, finished.task
    columns = (finished.index.pts, finished.index.seconds, finished.index.keyframe)
    longer = [np.append(column, column[-1:]) for column in (*columns, finished.index.packet)]
    write_index(paths.index(task.id), FrameIndex(*longer))
    write_document(paths.plan(task.id), Plan(KEY, (Chunk(0, 0, 60), Chunk(1, 60, 91))))
    with pytest.raises(MediaError, match=r"video\.mp4 ends at frame 90"):
        draw_overlay(finished.tools, task)
    assert [path.name for path in finished.results.iterdir()] == ["tracks.parquet"]
