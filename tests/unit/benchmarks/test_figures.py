"""What is said of a figure."""

from benchmarks.figures import Figure, Target


def test_a_figure_of_nothing_at_all_keeps_to_its_target() -> None:
    assert Figure("bench", "lost", 0.0, Target("≤", 0)).as_json()["met"] is True


def test_there_is_no_verdict_on_a_figure_that_was_not_taken() -> None:
    assert Figure("bench", "lost", None, Target("≤", 0)).as_json()["met"] is None
