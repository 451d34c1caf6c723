"""The hot path keeps order, and stops when nobody wants more."""

import threading
from collections.abc import Generator
from pathlib import Path

import numpy as np
import pytest

from shared.inference.adapters import open_runtime
from shared.inference.choice import Choice
from shared.vision.decode import Frame
from shared.vision.letterbox import letterbox
from tests.support.tiny_models import TinyModel
from workers.model_inference.stream import detect_frames

SIZE = (64, 96)


def _frames(count: int, fail_at: int = -1) -> Generator[Frame]:
    y, half = np.full(SIZE, 90, np.uint8), np.full((32, 48), 128, np.uint8)
    for ordinal in range(count):
        if ordinal == fail_at:
            raise OSError("the disk went away")
        yield Frame(ordinal, ordinal / 10, y, half, half)


def _detected(folder: Path, frames: Generator[Frame]) -> Generator[tuple[int, object], None, None]:
    model = TinyModel(height=SIZE[0], width=SIZE[1]).in_folder(folder)
    choice = Choice(model, 0.25, 0.7, frozenset({0, 1, 2}))
    with open_runtime("onnx://", model, 3) as runtime:
        yield from detect_frames(frames, letterbox(SIZE[1], SIZE[0], SIZE), runtime, choice)


def _readers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "reader"]


def test_frames_come_out_in_order_and_none_is_lost(tmp_path: Path) -> None:
    assert [ordinal for ordinal, _ in _detected(tmp_path, _frames(50))] == list(range(50))
    assert not _readers()


def test_closing_early_stops_the_reader_thread(tmp_path: Path) -> None:
    detected = _detected(tmp_path, _frames(1000))
    next(detected)
    detected.close()
    assert not _readers()


def test_an_error_of_the_reader_reaches_the_caller(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="went away"):
        list(_detected(tmp_path, _frames(50, fail_at=20)))
    assert not _readers()


def test_a_reader_does_not_outlive_the_thread_that_took_its_frames(tmp_path: Path) -> None:
    kept = []

    def take_one() -> None:
        detected = _detected(tmp_path, _frames(1000))
        next(detected)
        kept.append(detected)  # ended by a signal, a thread closes nothing

    taker = threading.Thread(target=take_one)
    taker.start()
    taker.join()
    for reader in _readers():
        reader.join(5)
    assert not _readers()
