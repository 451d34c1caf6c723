"""People who label a filmed scene without a mistake, where a service asks them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from demo.oracle import label_folder, true_boxes
from demo.scene import CameraFiles
from demo.subjects import CLASSES
from shared.domain.label import LabelledPicture
from shared.labels.labelstudio import regions
from tests.support.labelstudio_server import LabelStudioServer


class TrueLabels(Protocol):
    """They correct the pictures of one task, and are done."""

    @property
    def variables(self) -> Mapping[str, str]:
        """What leads a service to them."""

    def label(self, task_id: str, camera: CameraFiles) -> None:
        """All of its pictures."""


@dataclass(frozen=True)
class InFolder:
    """They write files. That they are done, somebody has to say."""

    root: Path

    @property
    def variables(self) -> Mapping[str, str]:
        return {"TRACKLOOP_LABELING_URL": self.root.as_uri().replace("file:", "folder:")}

    def label(self, task_id: str, camera: CameraFiles) -> None:
        label_folder(self.root / task_id, camera)


@dataclass(frozen=True)
class InLabelStudio:
    """They submit an annotation for each picture, which is all that they have to do."""

    server: LabelStudioServer

    @property
    def variables(self) -> Mapping[str, str]:
        return {
            "TRACKLOOP_LABELING_URL": self.server.labeling_url,
            "TRACKLOOP_LABELING_TOKEN": self.server.token,
        }

    def label(self, task_id: str, camera: CameraFiles) -> None:
        truth = true_boxes(camera)
        found = self.server.call("GET", "/api/projects", params={"title": task_id})
        (project,) = found["results"]
        query = {"project": project["id"], "page_size": "500", "fields": "all"}
        for task in self.server.call("GET", "/api/tasks", params=query)["tasks"]:
            facts = task["data"]
            frame = int(Path(facts["name"]).stem.rpartition("-")[2])
            picture = LabelledPicture(
                facts["name"], (facts["width"], facts["height"]), tuple(truth[frame])
            )
            self.server.call(
                "POST", f"/api/tasks/{task['id']}/annotations/",
                json={"result": regions(picture, CLASSES)},
            )  # fmt: skip
