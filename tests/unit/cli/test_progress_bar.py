"""What a terminal shows while a step runs."""

from io import StringIO

from rich.console import Console

from cli.progress_bar import ProgressBar


def _shown(*, terminal: bool) -> str:
    screen = StringIO()
    console = Console(file=screen, force_terminal=terminal, width=120, color_system=None)
    with ProgressBar(console) as progress:
        progress.begin("cam0 ")
        for done in (0, 30, 60, 90):
            progress.report("task", "detect", done, 90, "frames")
    return screen.getvalue()


def test_a_step_shows_how_far_how_fast_and_how_long() -> None:
    shown = _shown(terminal=True)
    assert "cam0 detect" in shown
    assert "90/90" in shown
    assert "frames/s" in shown
    assert "0:00:00" in shown


def test_nothing_is_drawn_where_there_is_no_terminal() -> None:
    assert not _shown(terminal=False).strip()


def test_chunks_share_one_bar() -> None:
    screen = StringIO()
    console = Console(file=screen, force_terminal=True, width=120, color_system=None)
    with ProgressBar(console) as progress:
        for part, done in ((0, 30), (1, 20), (0, 40)):
            progress.report("task", "detect", done, 90, "frames", part)
    assert "60/90" in screen.getvalue()
