"""What arrives is counted against every limit, whatever the client in front of it checks."""

from io import BytesIO

import pytest

from shared.errors import InvalidInputError, MediaError, TransientError
from shared.fetch.deadline import Deadline
from shared.fetch.intake import Intake


def _intake(file: BytesIO, limit: int = 10, seconds: float = 60) -> Intake:
    return Intake(file, "http://host/v.mp4", limit, Deadline(seconds), lambda *_: None)


def test_as_many_bytes_as_allowed_are_taken() -> None:
    file = BytesIO()
    intake = _intake(file)
    intake.expect(10)
    intake.take(b"12345")
    intake.take(b"67890")
    intake.finish()
    assert file.getvalue() == b"1234567890"


def test_one_byte_more_is_refused_before_it_is_written() -> None:
    file = BytesIO()
    intake = _intake(file)
    intake.take(b"1234567890")
    with pytest.raises(MediaError) as refused:
        intake.take(b"1")
    assert refused.value.code == "too_many_bytes"
    assert len(file.getvalue()) == 10


def test_an_announced_excess_is_refused_at_once() -> None:
    with pytest.raises(MediaError):
        _intake(BytesIO()).expect(11)


@pytest.mark.parametrize("piece", [b"123", b"12345"])
def test_another_number_of_bytes_than_announced(piece: bytes) -> None:
    intake = _intake(BytesIO())
    intake.expect(4)
    intake.take(piece)
    with pytest.raises(TransientError) as refused:
        intake.finish()
    assert refused.value.code == "download_interrupted"


def test_nothing_is_taken_after_the_deadline() -> None:
    with pytest.raises(InvalidInputError) as refused:
        _intake(BytesIO(), seconds=0).take(b"1")
    assert refused.value.code == "download_too_slow"
