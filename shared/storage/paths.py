"""The only file that knows where things lie."""

from dataclasses import dataclass
from pathlib import Path

from shared.domain.video import Chunk

AREAS = "areas"
"""Folder of the owners' areas, and the first part of every key in one."""
DETECTIONS = "detections"
"""Folder of what tasks share."""


@dataclass(frozen=True, slots=True)
class Paths:
    """Places under the storage root.

    Attributes:
        private: the root holds copies for one step alone, known by their hashes; nobody else
            writes there, and no file there may be a link to one that others write.
    """

    root: Path
    private: bool = False

    def videos(self, task_id: str) -> Path:
        """Folder of a task's source, normalised video, meta and frame index."""
        return self.root / "videos" / task_id

    def source(self, task_id: str) -> Path:
        """The video as it came, whatever its format."""
        return self.videos(task_id) / "source"

    def source_meta(self, task_id: str) -> Path:
        """What validation found in the source."""
        return self.videos(task_id) / "source.json"

    def source_index(self, task_id: str) -> Path:
        """The source's frames in presentation order."""
        return self.videos(task_id) / "source.parquet"

    def video(self, task_id: str) -> Path:
        """The normalised video: H.264, 8-bit 4:2:0, even sides, sound timestamps, mp4."""
        return self.videos(task_id) / "video.mp4"

    def meta(self, task_id: str) -> Path:
        """VideoMeta of the normalised video."""
        return self.videos(task_id) / "meta.json"

    def index(self, task_id: str) -> Path:
        """Frame index of the normalised video."""
        return self.videos(task_id) / "index.parquet"

    def plan(self, task_id: str) -> Path:
        """The detection key and the chunks of a task."""
        return self.videos(task_id) / "plan.json"

    def detections(self, key: str) -> Path:
        """Folder of detection chunks, shared by every task with the same key."""
        return self.root / DETECTIONS / key

    def detection_chunk(self, key: str, chunk: Chunk) -> Path:
        """The detections of one chunk; its frames are in the name, so that a task that cuts the
        same video elsewhere shares no file with this one.
        """
        name = f"chunk-{chunk.number:04d}-{chunk.start}-{chunk.stop}.parquet"
        return self.detections(key) / name

    def provenance(self, key: str) -> Path:
        """What ran the model: runtime, version, precision."""
        return self.detections(key) / "provenance.json"

    def results(self, task_id: str, model: str) -> Path:
        """Folder of a task's results with one model."""
        return self.root / "inference_results" / task_id / model

    def tracks(self, task_id: str, model: str) -> Path:
        """Every tracked box of the video."""
        return self.results(task_id, model) / "tracks.parquet"

    def frames(self, task_id: str) -> Path:
        """Folder of the pictures extracted from a task's video."""
        return self.root / "frames" / task_id

    def frame(self, task_id: str, ordinal: int) -> Path:
        """One extracted picture, named by its frame index."""
        return self.frames(task_id) / f"{ordinal:06d}.jpg"

    def labels(self, task_id: str) -> Path:
        """Folder of the pictures that people label for a task, and of what they say."""
        return self.root / "labels" / task_id

    def chosen(self, task_id: str) -> Path:
        """Folder of the pictures that a task gives people to label."""
        return self.labels(task_id) / "images"

    def proposals(self, task_id: str) -> Path:
        """What the model sees in these pictures."""
        return self.labels(task_id) / "proposals.json"

    def label_request(self, task_id: str) -> Path:
        """What the labelling tool was asked for."""
        return self.labels(task_id) / "request.json"

    def collected(self, task_id: str) -> Path:
        """Folder of the labels that came back: labels.json (COCO) and YOLO text files."""
        return self.labels(task_id) / "collected"

    def train_log(self, task_id: str) -> Path:
        """Folder of a dataset, a training or a deployment, each by the task that made it.

        A dataset: data/images, data/labels, data.yaml, train_test_split.txt, report.json.
        A training: model.pt, metrics.json, evaluation.json.
        A deployment: model.onnx, verification.json, verdict.json, model.json.
        """
        return self.root / "train_log" / task_id

    def area(self, owner: str) -> Path:
        """Folder of the files that an owner brought in to keep."""
        return self.root / AREAS / owner

    def models(self) -> Path:
        """Folder of the user's own models."""
        return self.root / "models"

    def service_file(self) -> Path:
        """Address and key of the service that runs on this storage."""
        return self.root / "service.json"


def checkpoints(cache_folder: Path) -> Path:
    """What trainings of this host go on with, where tasks' files are elsewhere; a folder a task."""
    return cache_folder / "training"
