"""Text as masks."""

import numpy as np

from shared.vision.lettering import Lettering


def test_a_line_has_the_height_asked_for_and_grows_with_the_text() -> None:
    letters = Lettering(20)
    short, long = letters.mask("#1"), letters.mask("#12 person")
    assert short.shape[0] == long.shape[0] == 20
    assert long.shape[1] > short.shape[1] > 0
    assert long.max() > 200


def test_nothing_is_written_for_no_text() -> None:
    assert Lettering(20).mask("").shape == (20, 0)


def test_letters_keep_off_the_rims_of_the_line() -> None:
    mask = Lettering(24).mask("#gjpqyÅM0.87")
    assert mask[0].max() == 0
    assert mask[-1].max() == 0


def test_characters_that_the_font_lacks_are_question_marks() -> None:
    letters = Lettering(20)
    assert np.array_equal(letters.mask("я"), letters.mask("?"))
