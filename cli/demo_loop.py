"""`trackloop demo --loop`: a weak model becomes a better one, and a worse one is refused.

On the project's own scene: analyse, label by the scene's truth, train, convert, pass the gate,
deploy, analyse again; then train badly on purpose.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from api_gateway.client import Client
from api_gateway.client.answers import ENDED
from cli.demo_service import Following, own_settings
from cli.progress_bar import ProgressBar
from shared.settings import Settings

if TYPE_CHECKING:
    from demo.scene import CameraFiles
    from shared.tracking.metrics import Scores

MODEL = "demo"
PICTURES = 100
"""To label; the part that is held out is then enough for an interval of the gate's."""
WEAK_CONFIDENCE = 0.6
"""Of the weak model: with it its tracks are best, so that the comparison flatters nobody."""
FIT = {
    "base": "scratch", "size": "atto", "image_size": 320, "rectangular": True, "mosaic": 0,
    "epochs": 50, "batch": 4, "patience": 0, "learning_rate": 0.004,
}  # fmt: skip
"""What a network of 0.7 million weights needs to learn one room within minutes."""
BAD_FIT = FIT | {"epochs": 1}


@dataclass(frozen=True, slots=True)
class Shown:
    """A model that served, and how it did.

    Attributes:
        label: `name@version`.
        map50_95: on the held-out pictures.
        tracks: of the whole video, against its truth.
    """

    label: str
    map50_95: float
    tracks: "Scores"


def demo_loop(
    out: Path, seed: int, seconds: float, rendering: Callable[[ProgressBar], Any]
) -> None:
    """Run the loop under `out`, and print what it brought.

    Args:
        rendering: makes of a bar what hears how far the film is.

    Raises:
        InvalidInputError: `out_not_empty`.
        PermanentError: `no_training_environment`; the code of the task that failed.
    """
    from demo.scene import generate
    from embedded import running_service
    from shared.training.environment import check_training_environment, training_python

    settings = own_settings(out / "storage")
    check_training_environment(training_python(settings))
    console, began = Console(), time.monotonic()
    with ProgressBar(console) as progress:
        films = generate(
            out / "scene", seed=seed, seconds=seconds, cameras=1, progress=rendering(progress)
        )
        _add_weak_model(settings, out / "weak.onnx")
        with running_service(settings) as service, Client(service.address.url, service.key) as api:
            following = Following(api, progress, service.asked_to_stop)
            loop = _Loop(following, settings, films.cameras[0], out, console)
            root, before, after = loop.run()
            with _failures_unsaid():
                refused = loop.train_badly(root)
            serving = _serving(api)
    _print(console, before, after)
    console.print(escape(f"a training of one epoch: {refused}"), soft_wrap=True)
    console.print(escape(f"{serving} serves; {time.monotonic() - began:.0f} s in all"))
    for name in ("before", "after"):
        console.print(escape(f"{name}: {out / name}"), soft_wrap=True)


@contextmanager
def _failures_unsaid() -> Iterator[None]:
    """A refusal that is meant to come is the demo's to tell, not a warning of the worker's."""
    worker = logging.getLogger("shared.pipeline.worker")
    before = worker.level
    worker.setLevel(logging.ERROR)
    try:
        yield
    finally:
        worker.setLevel(before)


def _add_weak_model(settings: Settings, file: Path) -> None:
    from demo.weak_detector import write_weak_detector
    from shared.inference.add_model import add_model
    from shared.inference.add_request import AddRequest
    from shared.inference.models import model_store

    store = model_store(settings)
    bundled = store.get("pet_hotel")
    write_weak_detector(bundled.path, file)
    manifest = bundled.manifest
    request = AddRequest(
        MODEL, manifest.classes, manifest.decoding, confidence=WEAK_CONFIDENCE,
        licence=manifest.licence,
    )  # fmt: skip
    add_model(store, file, request, max_bytes=settings.max_model_bytes)


@dataclass(frozen=True, slots=True)
class _Loop:
    follow: Following
    settings: Settings
    camera: "CameraFiles"
    out: Path
    console: Console

    def run(self) -> tuple[str, Shown, Shown]:
        """The task with which it began; before, and after."""
        from demo.oracle import label_folder

        api, follow = self.follow.client, self.follow
        wish = {"model": MODEL, "loop": "full", "num_frames": PICTURES, "training": FIT}
        root = api.submit(self.camera.video, wish)
        model = str(follow.succeeded(root)["options"]["model"])
        self._say(f"{model} followed the scene; its truth labels {PICTURES} frames")
        labelling = follow.phase(root, "labeling", "waiting_for_labels")["task_id"]
        label_folder(self.settings.storage_root / "labeling" / labelling, self.camera)
        api.confirm_labels(labelling)
        self._say("a model is trained on them: the longest part, some minutes")
        deployment = follow.phase(root, "deployment", "succeeded")["task_id"]
        self._say("it is better and went live; the scene is followed again")
        follow.progress.begin("again ")
        again = follow.phase(root, "reanalysis", "succeeded")["task_id"]
        verdict = self._verdict(deployment)
        better = str(api.status(again)["options"]["model"])
        return (
            root,
            Shown(model, verdict["old"]["map50_95"], self._tracks(root, "before")),
            Shown(better, verdict["new"]["map50_95"], self._tracks(again, "after")),
        )

    def train_badly(self, root: str) -> str:
        """What the gate says of it."""
        self._say("now a training of one epoch, which must not go live")
        self.follow.progress.begin("bad ")
        labelling = self.follow.phase(root, "labeling", "succeeded")["task_id"]
        training = self.follow.client.train(labelling, BAD_FIT, deploy=True)
        self.follow.succeeded(training)
        deployment = self.follow.phase(root, "deployment", *ENDED, after=training)
        error = deployment["error"]
        return f"{error['code']}: {error['message']}" if error else "it went live"

    def _say(self, what: str) -> None:
        """Where there is no terminal to draw bars on, this is all that is seen for minutes."""
        self.console.print(escape(what), soft_wrap=True)

    def _verdict(self, deployment: str) -> Any:
        target = self.out / "verdict.json"
        self.follow.client.download(deployment, "verdict.json", target)
        return orjson.loads(target.read_bytes())

    def _tracks(self, task_id: str, name: str) -> "Scores":
        from shared.tracking.metrics import score
        from shared.tracking.mot_format import read_mot

        folder = self.out / name
        for file in ("mot.txt", "results.csv", "overlaid_results.mp4"):
            self.follow.client.download(task_id, file, folder / file)
        return score(read_mot(self.camera.truth), read_mot(folder / "mot.txt"), "all")


def _serving(api: Client) -> str:
    version = max(int(model["version"]) for model in api.models() if model["name"] == MODEL)
    return f"{MODEL}@{version}"


def _print(console: Console, *shown: Shown) -> None:
    table = Table("", "model", "mAP50-95, held out", "HOTA", "IDF1", "MOTA")
    for when, each in zip(("before", "after"), shown, strict=True):
        figures = (each.map50_95, each.tracks.hota, each.tracks.idf1, each.tracks.mota)
        table.add_row(when, each.label, *(f"{value:.3f}" for value in figures))
    console.print(table)
