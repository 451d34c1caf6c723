"""Which files each step leaves, by the name under which a task's owner knows them."""

from pathlib import Path

from shared.domain.task import AnyTask, CopyOptions, Task
from shared.domain.video import Chunk
from shared.inference.choice import choose
from shared.pipeline.step import Files
from shared.pipeline.tools import Tools
from shared.storage.plan import read_plan


def source(tools: Tools, task: AnyTask) -> Files:
    """The video as it came."""
    return {"source": tools.paths.source(task.id)}


def source_facts(tools: Tools, task: AnyTask) -> Files:
    """What validation found."""
    paths = tools.paths
    return {
        "source.json": paths.source_meta(task.id),
        "source.parquet": paths.source_index(task.id),
    }


def video(tools: Tools, task: AnyTask) -> Files:
    """The normalised video and what is known of it."""
    paths = tools.paths
    return {
        "video.mp4": paths.video(task.id),
        "meta.json": paths.meta(task.id),
        "index.parquet": paths.index(task.id),
    }


def adopted_video(tools: Tools, task: AnyTask) -> Files:
    """Source and normalised video, and what is known of both."""
    return {**source(tools, task), **source_facts(tools, task), **video(tools, task)}


def frames(tools: Tools, task: AnyTask) -> Files:
    """The extracted pictures."""
    pictures = sorted(tools.paths.frames(task.id).glob("*.jpg"))
    return {f"frames/{picture.name}": picture for picture in pictures}


def delivered(tools: Tools, task: Task[CopyOptions]) -> Files:
    """The file in its owner's area: erasing the task erases what it brought in."""
    place = tools.paths.root / task.options.target
    return {place.name: place}


def plan_file(tools: Tools, task: Task) -> Files:
    """The plan of the detection."""
    return {"plan.json": tools.paths.plan(task.id)}


def detections(tools: Tools, task: Task, chunk: Chunk) -> Files:
    """One chunk's boxes, which tasks of the same video share, and what ran the model."""
    key = read_plan(tools.paths.plan(task.id)).key
    chunk_file = tools.paths.detection_chunk(key, chunk)
    # In this order they are sent: no chunk is anywhere without what ran the model.
    return {
        "detections/provenance.json": tools.paths.provenance(key),
        f"detections/{chunk_file.name}": chunk_file,
    }


def csv_results(tools: Tools, task: Task) -> Files:
    """results.csv."""
    return _results(tools, task, "results.csv")


def json_results(tools: Tools, task: Task) -> Files:
    """results.json."""
    return _results(tools, task, "results.json")


def chunk_results(tools: Tools, task: Task) -> Files:
    """chunks/result_chunk_N.json."""
    folder = results_folder(tools, task)
    files = sorted((folder / "chunks").glob("*.json"))
    return {file.relative_to(folder).as_posix(): file for file in files}


def mot_results(tools: Tools, task: Task) -> Files:
    """mot.txt and the names of its classes."""
    return _results(tools, task, "mot.txt", "mot_classes.json")


def notebook(tools: Tools, task: Task) -> Files:
    """results.ipynb."""
    return _results(tools, task, "results.ipynb")


def overlay(tools: Tools, task: Task) -> Files:
    """overlaid_results.mp4."""
    return _results(tools, task, "overlaid_results.mp4")


def tracks(tools: Tools, task: Task) -> Files:
    """tracks.parquet."""
    return _results(tools, task, "tracks.parquet")


def run_record(tools: Tools, task: Task) -> Files:
    """run.json."""
    return _results(tools, task, "run.json")


def chosen_pictures(tools: Tools, task: AnyTask) -> Files:
    """The pictures that people are asked to label, and the model's boxes for them."""
    paths = tools.paths
    pictures = sorted(paths.chosen(task.id).glob("*.jpg"))
    proposals = {"labels/proposals.json": paths.proposals(task.id)}
    return proposals | {f"labels/images/{picture.name}": picture for picture in pictures}


def label_request(tools: Tools, task: AnyTask) -> Files:
    """What the labelling tool was asked for."""
    return {"labels/request.json": tools.paths.label_request(task.id)}


def collected_labels(tools: Tools, task: AnyTask) -> Files:
    """What people said."""
    return _all_in(tools.paths.collected(task.id), "labels/collected")


def dataset(tools: Tools, task: AnyTask) -> Files:
    """Pictures, labels and their division."""
    return _all_in(tools.paths.train_log(task.id), "dataset")


def results_folder(tools: Tools, task: Task) -> Path:
    """Where this task's results with its model lie."""
    label = choose(tools.models, task.options).model.manifest.label
    return tools.paths.results(task.id, label)


def _all_in(folder: Path, name: str) -> Files:
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    return {f"{name}/{file.relative_to(folder).as_posix()}": file for file in files}


def _results(tools: Tools, task: Task, *names: str) -> Files:
    folder = results_folder(tools, task)
    return {name: folder / name for name in names}
