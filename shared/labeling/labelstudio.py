"""Labelling in Label Studio: a project for each task, the model's boxes as what people edit."""

import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.domain.label import Labels
from shared.errors import PermanentError
from shared.labeling.fit import fit
from shared.labeling.labelstudio_address import Address, read_address
from shared.labeling.labelstudio_api import Api, NotThereError, connected, no_server
from shared.labeling.labelstudio_import import complete
from shared.labeling.labelstudio_project import find_all, find_or_make, look, read
from shared.labeling.labelstudio_webhook import settle_webhook, webhook_secret, webhook_url
from shared.labeling.port import LabelProgress, LabelRequest, labels_gone, not_removed
from shared.labeling.prepare import prepare
from shared.labels.labelstudio import labels_of_tasks
from shared.settings import Settings

_HANDLE = re.compile(r"(?P<project>[0-9]{1,18}):(?P<task>[A-Za-z0-9][A-Za-z0-9_-]*)")


@dataclass(frozen=True, slots=True)
class LabelStudio:
    """A server. A handle is `project:task`, the server's number and our id.

    Attributes:
        gateway: where the server reaches ours with webhooks; None: it is not told to.
    """

    address: Address
    gateway: str | None = None

    def check(self) -> None:
        """See `LabelingTool.check`."""
        with connected(self.address) as api:
            try:
                found = api.call("GET", "current-user/whoami", dict[str, Any])
            except NotThereError:
                raise no_server() from None
        if "email" not in found:
            raise no_server()

    def request(self, request: LabelRequest) -> str:
        """See `LabelingTool.request`."""
        asked = prepare(request)
        try:
            with connected(self.address) as api:
                return self._request(api, asked)
        except NotThereError:
            raise labels_gone(f"The project of the task {asked.task_id}") from None

    def _request(self, api: Api, asked: LabelRequest) -> str:
        project = find_or_make(api, asked)
        handle = f"{project.id}:{asked.task_id}"
        complete(api, project.id, asked)
        if project.model_version != asked.model:
            # The server takes a version only when it knows predictions of it.
            path = f"projects/{project.id}"
            api.call("PATCH", path, object, json={"model_version": asked.model})
        if self.gateway is not None:
            url = webhook_url(self.gateway, asked.task_id)
            settle_webhook(api, project.id, url, webhook_secret(self.address.token, handle))
        return handle

    def progress(self, handle: str) -> LabelProgress:
        """See `LabelingTool.progress`."""
        with self._project(handle) as (api, project, task_id):
            found = read(api, project, task_id)
        total, done = found.task_number or 0, found.finished_task_number or 0
        url = f"{self.address.public}/projects/{project}/data"
        return LabelProgress(total, done, done >= total, url)

    def collect(self, handle: str, request: LabelRequest) -> Labels:
        """See `LabelingTool.collect`. Page by page: an export would leave a copy on the server."""
        with self._project(handle) as (api, project, task_id):
            read(api, project, task_id)
            tasks = api.tasks(project, fields="all")
        place = f"Label Studio's project {project}"
        return fit(labels_of_tasks(place, _each_once(tasks), request.classes), request)

    def confirm(self, handle: str) -> None:
        """Not here."""
        raise PermanentError(
            "not_supported",
            f"{handle}: in Label Studio people are done with a picture when they press Submit; "
            "open the project and press it.",
        )

    def find(self, task_id: str) -> Sequence[str]:
        """See `LabelingTool.find`. By title: who dies at a request leaves ours as it was made."""
        with connected(self.address) as api:
            return [f"{project.id}:{task_id}" for project in find_all(api, task_id)]

    def remove(self, handle: str) -> None:
        """See `LabelingTool.remove`.

        Label Studio forgets uploads but never deletes their files; where this host has its folder
        (`?media=`), they are deleted there.
        """
        project, task_id = _parts(handle)
        with connected(self.address) as api:
            try:
                if not look(api, project).is_of(task_id):
                    return  # another one has its number by now
                api.call("DELETE", f"projects/{project}/file-uploads", object, json={})
                api.call("DELETE", f"projects/{project}", object)
            except NotThereError:
                pass  # gone before, but perhaps not its files
        if self.address.media is not None:
            _erase(self.address.media / "upload" / str(project))

    @contextmanager
    def _project(self, handle: str) -> Iterator[tuple[Api, int, str]]:
        project, task_id = _parts(handle)
        try:
            with connected(self.address) as api:
                yield api, project, task_id
        except NotThereError:
            raise labels_gone(f"The project of the task {task_id}") from None


def _parts(handle: str) -> tuple[int, str]:
    found = _HANDLE.fullmatch(handle)
    if found is None:
        raise labels_gone(f"{handle[:80]!r}")
    return int(found["project"]), found["task"]


def _erase(uploads: Path) -> None:
    try:
        shutil.rmtree(uploads)
    except FileNotFoundError:
        pass
    except PermissionError as error:
        raise not_removed(error) from error


def _each_once(tasks: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of several tasks with one picture the one that people worked on, or the first."""
    found = dict[str, dict[str, Any]]()
    for task in sorted(tasks, key=lambda task: (not task.get("total_annotations"), task["id"])):
        found.setdefault(str(task["data"].get("name", task["id"])), task)
    return list(found.values())


def open_labelstudio(settings: Settings) -> LabelStudio:
    """`labelstudio+http(s)://host:port`.

    Raises:
        InvalidInputError: `bad_labeling_url`, `labeling_token_missing`.
    """
    return LabelStudio(read_address(settings), settings.labeling_webhook_url)
