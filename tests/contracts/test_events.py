"""A committed sample of every version of every event stays readable, for ever."""

from pathlib import Path

import orjson
import pytest

from shared.events.catalogue import CATALOGUE, read_event

SAMPLES = sorted((Path(__file__).parent / "events").glob("*.json"))


def test_every_event_has_a_sample() -> None:
    assert {file.stem for file in SAMPLES} >= set(CATALOGUE)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda file: file.stem)
def test_a_sample_says_the_same_after_reading_and_sending(sample: Path) -> None:
    event = read_event(sample.read_bytes())
    assert event.type == sample.stem
    assert event.type == event.data.TYPE
    assert orjson.loads(event.to_json()) == orjson.loads(sample.read_bytes())


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda file: file.stem)
def test_fields_of_a_later_version_are_passed_over(sample: Path) -> None:
    later = orjson.loads(sample.read_bytes())
    later["traceparent"] = "00-1-2-00"
    later["data"]["weather"] = {"sun": True}
    for artefact in later["data"].get("artefacts", ()):
        artefact["colour"] = "red"
    assert read_event(orjson.dumps(later)) == read_event(sample.read_bytes())
