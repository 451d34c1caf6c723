"""The one project of a task: found, or made, and never made twice."""

from typing import Any

from pydantic import BaseModel

from shared.labeling.labelstudio_api import PAGE, Api, NotThereError
from shared.labeling.port import LabelRequest
from shared.labels.labelstudio import label_config

_LONGEST_TITLE = 50
"""Characters that Label Studio takes."""


class Project(BaseModel):
    """What we read of a project."""

    id: int
    title: str = ""
    description: str | None = None
    model_version: str | None = None
    task_number: int | None = None
    finished_task_number: int | None = None

    def is_of(self, task_id: str) -> bool:
        """Whether it is ours: another server, or one restored, gives our numbers to others."""
        return task_id in f"{self.title} {self.description}"


class _Page(BaseModel):
    next: str | None = None
    results: list[Project]


def find_or_make(api: Api, request: LabelRequest) -> Project:
    """The project of the task: of several the first one.

    Two who make it at once both look again, and the later one deletes its own, still empty one.
    """
    if found := find_all(api, request.task_id):
        return found[0]
    made = api.call("POST", "projects", Project, json=_description(request))
    first = min([made, *find_all(api, request.task_id)], key=lambda project: project.id)
    if first.id != made.id:
        api.call("DELETE", f"projects/{made.id}", object)
    return first


def look(api: Api, project: int) -> Project:
    """Whatever has this number, with its counters.

    Raises:
        NotThereError: nothing has.
    """
    return api.call("GET", f"projects/{project}", Project)


def read(api: Api, project: int, task_id: str) -> Project:
    """The project of the task, with its counters.

    Raises:
        NotThereError: it is gone, or another one has its number.
    """
    found = look(api, project)
    if not found.is_of(task_id):
        raise NotThereError
    return found


def title_of(request: LabelRequest) -> str:
    """The project's name and the task's id; of a long name the begin."""
    end = f" - {request.task_id}"
    room = _LONGEST_TITLE - len(end)
    name = " ".join(request.project.split())
    return (name if len(name) <= room else name[: max(0, room - 1)].rstrip() + "…") + end


def find_all(api: Api, task_id: str) -> list[Project]:
    """Every project with the task's id in its title, the first one first."""
    found, page = list[Project](), 1
    while True:
        query = {"title": task_id, "page": str(page), "page_size": str(PAGE)}
        answer = api.call("GET", "projects", _Page, params=query)
        found += [project for project in answer.results if project.is_of(task_id)]
        if answer.next is None:
            return sorted(found, key=lambda project: project.id)
        page += 1


def _description(request: LabelRequest) -> dict[str, Any]:
    return {
        "title": title_of(request),
        "description": f"{request.project}: frames of Trackloop's task {request.task_id}, with the "
        f"boxes of {request.model}.",
        "label_config": label_config(request.classes),
        "expert_instruction": "Correct the boxes, then press Submit. Where nothing is to be seen, "
        "remove all boxes and submit. Skip what you cannot judge.",
        "show_instruction": False,
        # What the model says becomes what people edit, as soon as they open a picture.
        "show_collab_predictions": True,
        "enable_empty_annotation": True,
        "maximum_annotations": 1,
        # Else a skipped picture comes back for ever, and the project is never done.
        "skip_queue": "IGNORE_SKIPPED",
    }
