"""Measures the new model and the one that serves on pictures that neither was trained on."""

from dataclasses import replace
from pathlib import Path

from pydantic import JsonValue

from shared.domain.label import Labels
from shared.domain.task import Task, TrainingOptions
from shared.evaluation.gate import judge
from shared.evaluation.matching import Measured
from shared.evaluation.measure import measure
from shared.evaluation.record import Evaluation, write_evaluation
from shared.labels.coco import read_coco
from shared.labels.split_file import SPLIT_FILE, read_split
from shared.pipeline.step import Output
from shared.pipeline.tools import Tools
from shared.progress.port import StepProgress
from shared.storage.files import OnBytes, sha256_of
from shared.training.environment import training_python
from shared.training.jobs import Weights
from shared.training.torch_runtime import open_weights


def evaluate(tools: Tools, task: Task[TrainingOptions]) -> Output:
    """Publish evaluation.json: what both models find in the held-out pictures.

    Returns:
        `new` and `current`: mAP50-95 over the classes that both know, null where there is nothing
        to compare; the `pictures` and `boxes` that they were measured on.

    Raises:
        PermanentError: `no_training_environment`, `foreign_weights`, `out_of_memory`,
            `training_failed`.
        ModelError: what a runtime refuses.
        TransientError: `training_died`.
    """
    paths, options = tools.paths, task.options
    labels = _held_out(tools, options.dataset)
    pictures = paths.train_log(options.dataset) / "data" / "images"
    count = len(labels.pictures)
    progress = StepProgress(tools.progress, task.id, "evaluate", "pictures")
    file = paths.train_log(task.id) / "model.pt"
    weights = Weights(file, sha256_of(file))
    new = _new(tools, weights, labels, pictures, lambda n: progress.update(n, 2 * count))
    current = tools.models.serving(options.model)
    old = measure(
        tools.open_runtime(current), current.manifest, labels, pictures,
        on_picture=lambda n: progress.update(count + n, 2 * count),
    )  # fmt: skip
    new = replace(new, label=f"the model of task {task.id}")
    write_evaluation(
        paths.train_log(task.id) / "evaluation.json", Evaluation(labels, new, old, weights.sha256)
    )
    return _scores(labels, new, old)


def _held_out(tools: Tools, dataset: str) -> Labels:
    held = frozenset(read_split(tools.paths.train_log(dataset) / SPLIT_FILE).test)
    labels = read_coco(tools.paths.collected(dataset) / "labels.json")
    return replace(labels, pictures=[each for each in labels.pictures if each.name in held])


def _new(
    tools: Tools, weights: Weights, labels: Labels, pictures: Path, on_picture: OnBytes
) -> Measured:
    python, threads = training_python(tools.settings), tools.settings.threads
    with open_weights(python, weights, threads, lambda: on_picture(0)) as runtime:
        return measure(runtime, runtime.manifest, labels, pictures, on_picture=on_picture)


def _scores(labels: Labels, new: Measured, old: Measured) -> dict[str, JsonValue]:
    verdict = judge(labels, new, old)
    return {
        "new": verdict.new.map50_95 if verdict.new else None,
        "current": verdict.old.map50_95 if verdict.old else None,
        "pictures": verdict.pictures,
        "boxes": verdict.boxes,
    }
