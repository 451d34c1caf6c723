"""The statistics of the benchmarks."""

import pytest

from benchmarks.pairs import against_itself, compare, interleave


def test_sides_take_turns_and_swap_places_every_other_pair() -> None:
    order = ""

    def run(side: str) -> int:
        nonlocal order
        order += side
        return len(order)

    a, b = interleave(lambda: run("a"), lambda: run("b"), 3)

    assert order == "abbaab"
    assert (a, b) == ([1, 4, 5], [2, 3, 6])


def test_the_ratio_is_the_median_of_the_pairs_and_not_of_the_sides() -> None:
    # The machine slowed down threefold in the last pair: both sides did.
    found = compare([10.0, 11.0, 30.0], [20.0, 11.0, 60.0])

    assert found.ratio == 2.0
    assert (found.lowest, found.highest) == (1.0, 2.0)


def test_equal_sides_differ_by_nothing() -> None:
    found = compare([5.0] * 4, [5.0] * 4)

    assert (found.ratio, found.a_itself, found.b_itself) == (1.0, 1.0, 1.0)


def test_a_side_against_itself_shows_what_the_order_does() -> None:
    # It is a tenth slower whenever it runs second.
    assert against_itself([10.0, 11.0, 10.0, 11.0, 10.0]) == pytest.approx(10 / 11)


def test_one_pair_has_no_spread() -> None:
    found = compare([2.0], [3.0])

    assert found.ratio == found.lowest == found.highest == 1.5
    assert found.a_itself is None
    assert found.b_itself is None


@pytest.mark.parametrize(
    ("a", "b"), [([], []), ([1.0], []), ([1.0, 2.0], [1.0]), ([0.0], [1.0]), ([1.0], [-1.0])]
)
def test_what_cannot_be_compared_is_refused(a: list[float], b: list[float]) -> None:
    with pytest.raises(ValueError, match="values above 0"):
        compare(a, b)
