"""What people do in a labelling tool, for the contract of labelling tools."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from PIL import Image

from shared.domain.label import LabelledBox, LabelledPicture
from shared.labeling.port import LabelRequest
from shared.labels.labelstudio import regions
from tests.support.labelstudio_server import LabelStudioServer

CLASSES, SIZE = ("cat", "dog"), (640, 480)


@dataclass(frozen=True)
class Shown:
    """A box as people see it: they know nothing of tracks. `own`: what the tool keeps with it."""

    label: str
    xyxy: tuple[float, float, float, float]
    own: dict[str, Any] = field(default_factory=dict)


Change = Callable[[list[Shown]], list[Shown]]


def unchanged(shown: list[Shown]) -> list[Shown]:
    """It is right as it is."""
    return shown


def a_request(folder: Path, task_id: str, *, pictures: int = 3) -> LabelRequest:
    """Pictures with two tracks each, but for the last one, which shows nothing."""
    made = []
    for number in range(pictures):
        name = f"frames/{number:06d}.jpg"
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", SIZE, (number * 40 % 256, 90, 120)).save(folder / name)
        boxes = (
            LabelledBox(0, (10.0, 20.0, 110.0, 220.0), 7, 0.9),
            LabelledBox(1, (300.0, 40.0, 420.0, 200.0), 8, 0.4),
        )
        made.append(LabelledPicture(name, SIZE, boxes if number + 1 < pictures else ()))
    return LabelRequest(task_id, "Pet hotel", CLASSES, tuple(made), folder, "pet_hotel@1")


class People(Protocol):
    """They label what an adapter has put before them."""

    def pictures(self, handle: str) -> list[str]:
        """Names of what they see, copies too."""

    def places(self, task_id: str) -> int:
        """In how many places they are asked about a task."""

    def shown(self, handle: str, name: str) -> list[Shown]:
        """The boxes on a picture that nobody has touched."""

    def label(self, handle: str, name: str, change: Change) -> None:
        """Correct a picture, and be done with it."""

    def delete(self, handle: str, name: str) -> None:
        """Throw a picture away."""

    def finish(self, handle: str) -> None:
        """Be done with all that is not."""

    def destroy(self, handle: str) -> None:
        """Throw all of it away."""


@dataclass
class FolderPeople:
    """They have a tool that knows YOLO and no tracks."""

    root: Path

    def pictures(self, handle: str) -> list[str]:
        images = self.root / handle / "images"
        return sorted(file.relative_to(images).as_posix() for file in images.rglob("*.jpg"))

    def places(self, task_id: str) -> int:
        return sum(task_id in folder.name for folder in self.root.iterdir())

    def shown(self, handle: str, name: str) -> list[Shown]:
        classes = (self.root / handle / "classes.txt").read_text().splitlines()
        found = []
        for line in self._labels(handle, name).read_text().splitlines():
            index, *parts = line.split()
            x, y, w, h = (float(part) * side for part, side in zip(parts, SIZE * 2, strict=True))
            xyxy = (x - w / 2, y - h / 2, x + w / 2, y + h / 2)
            found.append(Shown(classes[int(index)], xyxy))
        return found

    def label(self, handle: str, name: str, change: Change) -> None:
        classes = list(CLASSES)
        lines = []
        for shown in change(self.shown(handle, name)):
            if shown.label not in classes:
                classes.append(shown.label)
            x1, y1, x2, y2 = shown.xyxy
            parts = ((x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1)
            row = (part / side for part, side in zip(parts, SIZE * 2, strict=True))
            lines.append(f"{classes.index(shown.label)} " + " ".join(f"{part:.8f}" for part in row))
        if len(classes) > len(CLASSES):
            described = self.root / handle / "data.yaml"
            described.write_text(f"names: [{', '.join(classes)}]\n")
        self._labels(handle, name).write_text("\n".join(lines))

    def delete(self, handle: str, name: str) -> None:
        (self.root / handle / "images" / name).unlink()

    def finish(self, handle: str) -> None:
        (self.root / handle / "CONFIRMED").touch()

    def destroy(self, handle: str) -> None:
        shutil.rmtree(self.root / handle)

    def _labels(self, handle: str, name: str) -> Path:
        return (self.root / handle / "labels" / name).with_suffix(".txt")


@dataclass
class LabelStudioPeople:
    """They do what the editor does: it copies a prediction, and submits the copy."""

    server: LabelStudioServer

    def tasks(self, handle: str) -> list[dict[str, Any]]:
        """All of the project, with annotations and predictions."""
        query = {"project": handle.partition(":")[0], "page_size": "500", "fields": "all"}
        found: list[dict[str, Any]] = self.server.call("GET", "/api/tasks", params=query)["tasks"]
        return found

    def task(self, handle: str, name: str) -> dict[str, Any]:
        """The one of a picture."""
        (found,) = (task for task in self.tasks(handle) if task["data"]["name"] == name)
        return found

    def pictures(self, handle: str) -> list[str]:
        return sorted(task["data"]["name"] for task in self.tasks(handle))

    def places(self, task_id: str) -> int:
        found: int = self.server.call("GET", "/api/projects", params={"title": task_id})["count"]
        return found

    def shown(self, handle: str, name: str) -> list[Shown]:
        project = self.server.call("GET", f"/api/projects/{handle.partition(':')[0]}")
        assert project["show_collab_predictions"]
        (prediction,) = self.task(handle, name)["predictions"]
        assert prediction["model_version"] == project["model_version"]
        return [_seen(region) for region in prediction["result"]]

    def label(self, handle: str, name: str, change: Change) -> None:
        boxes = change(self.shown(handle, name))
        self.annotate(self.task(handle, name)["id"], boxes)

    def annotate(self, task: int, boxes: Sequence[Shown], **facts: Any) -> dict[str, Any]:
        """Submit."""
        result = [_region(number, shown) for number, shown in enumerate(boxes)]
        body = {"result": result, **facts}
        made: dict[str, Any] = self.server.call(
            "POST", f"/api/tasks/{task}/annotations/", json=body
        )
        return made

    def delete(self, handle: str, name: str) -> None:
        self.server.call("DELETE", f"/api/tasks/{self.task(handle, name)['id']}")

    def finish(self, handle: str) -> None:
        for task in self.tasks(handle):
            if not task["annotations"]:
                self.label(handle, task["data"]["name"], unchanged)

    def destroy(self, handle: str) -> None:
        self.server.call("DELETE", f"/api/projects/{handle.partition(':')[0]}")


def _seen(region: dict[str, Any]) -> Shown:
    value, (width, height) = region["value"], SIZE
    x, y = value["x"] * width / 100, value["y"] * height / 100
    right, bottom = x + value["width"] * width / 100, y + value["height"] * height / 100
    return Shown(value["rectanglelabels"][0], (x, y, right, bottom), region)


def _region(number: int, shown: Shown) -> dict[str, Any]:
    """What the editor changes of a region is its value; a new one has an id of the editor's."""
    box = LabelledBox(0, shown.xyxy)
    (drawn,) = regions(LabelledPicture("drawn", SIZE, (box,)), [shown.label])
    return {**drawn, "id": f"new{number}", **shown.own, "value": drawn["value"]}


def moved(shown: Shown, by: float) -> Shown:
    """Drawn anew, some pixels on."""
    x1, y1, x2, y2 = shown.xyxy
    return replace(shown, xyxy=(x1 + by, y1 + by, x2 + by, y2 + by))
