"""The videos and models that are measured on, made ready under the working folder."""

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

from benchmarks.case import PREPARED, Case
from benchmarks.figures import Figure
from benchmarks.float_model import cut_preprocessing
from benchmarks.loop_video import loop_video
from demo.scene import generate
from shared.bootstrap import bootstrap
from shared.domain.task import AnalysisOptions, Task
from shared.errors import TrackloopError
from shared.inference.add_model import add_model
from shared.inference.add_request import AddRequest
from shared.inference.models import Model, model_store
from shared.progress.port import Silent
from shared.settings import Settings, load_settings
from shared.storage.paths import Paths
from workers.video_processor.download import download
from workers.video_processor.transcode import transcode
from workers.video_processor.validate import validate

_SEED, _SECONDS = 7, 40.0
_BUNDLED = "pet_hotel"


class MissingError(Exception):
    """Something that a benchmark runs on is not there; the message says what."""


@cache
def vtest(work: Path) -> Case:
    """PETS2009 through a COCO detector, both from TRACKLOOP_TEST_DATA."""
    folder = os.environ.get("TRACKLOOP_TEST_DATA")
    if folder is None:
        raise MissingError("TRACKLOOP_TEST_DATA is not set")
    data = Path(folder).resolve()
    onnx = data / "models" / "yolo11n_coco_320_int8.onnx"
    return _prepare(
        "vtest + yolo11n", data / "video" / "vtest_480x360_10fps.avi", onnx, work / "vtest"
    )


@cache
def demo(work: Path) -> Case:
    """The demo scene through the bundled detector, as it is shipped."""
    return _prepare("demo + pet_hotel", _scene(work), None, work / "demo")


@cache
def demo_float(work: Path) -> Case:
    """The demo scene through the bundled detector without its pre-processing."""
    video, onnx = _scene(work), work / "pet_hotel_float.onnx"
    cut_preprocessing(_bundled().path, onnx)
    return _prepare("demo + pet_hotel", video, onnx, work / "demo-float")


Source = tuple[str, Callable[[Path], Case]]
"""A case by the name that it is printed under while it cannot be had, and how to get it."""

VTEST: Source = ("vtest + yolo11n", vtest)
DEMO: Source = ("demo + pet_hotel", demo)
DEMO_FLOAT: Source = ("demo + pet_hotel", demo_float)


def over(
    sources: Sequence[Source],
    benchmark: str,
    work: Path,
    figures: Callable[[Case], Iterable[Figure]],
) -> Iterator[Figure]:
    """The figures of one case after the other; a case that is missing is one line that says so."""
    for name, prepare in sources:
        try:
            case = prepare(work)
        except MissingError as why:
            yield Figure(benchmark, name, note=f"skipped: {why}")
        else:
            yield from figures(case)


@cache
def looped_demo(work: Path, minutes: float) -> Case:
    """The demo scene repeated, through the bundled detector; nothing of it is prepared."""
    video = work / f"demo-{minutes:g}-minutes.mp4"
    loop_video(_scene(work), video, minutes * 60)
    storage = work / "empty"
    storage.mkdir(exist_ok=True)
    return _case(f"{minutes:g} min", video, storage, _bundled())


def _scene(work: Path) -> Path:
    """The film of the demo scene, made once."""
    folder = work / f"scene-{_SEED}-{_SECONDS:g}s"
    video = folder / "cam0.mp4"
    if not (folder / "scene.json").exists():
        generate(folder, seed=_SEED, seconds=_SECONDS)
    return video


def _bundled() -> Model:
    try:
        return model_store(load_settings()).get(_BUNDLED)
    except TrackloopError as error:
        raise MissingError(error.message) from error


def _prepare(name: str, video: Path, onnx: Path | None, folder: Path) -> Case:
    """Add the model to a new storage and bring the video up to the chain's `plan`."""
    shutil.rmtree(folder, ignore_errors=True)
    settings = Settings(storage_url=(folder / "storage").as_uri())
    with bootstrap(settings, Silent()) as tools:
        if onnx is None:
            model = _bundled()
        else:
            request = AddRequest(name=onnx.stem.lower())
            limit = settings.max_model_bytes
            model = add_model(tools.models, onnx, request, max_bytes=limit)
        task = Task(PREPARED, str(video), AnalysisOptions(model=model.manifest.label))
        for step in (download, validate, transcode):
            step(tools, task)
    return _case(name, video, settings.storage_root, model)


def _case(name: str, video: Path, storage: Path, model: Model) -> Case:
    return Case(
        name=name,
        video=video,
        normalised=Paths(storage).video(PREPARED),
        storage=storage,
        model=model.manifest.label,
        onnx=model.path,
        size=(model.manifest.input.height, model.manifest.input.width),
    )
