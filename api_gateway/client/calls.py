"""What the service can be asked for, as methods."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import orjson

from api_gateway.client.answers import (
    Artefact,
    Labeling,
    Model,
    Status,
    TaskSummary,
    Track,
    Training,
)
from api_gateway.client.download import download
from api_gateway.client.failures import ServiceError
from api_gateway.client.follow import follow
from api_gateway.client.session import UPLOAD_TIMEOUT, Session
from api_gateway.client.upload import OnUpload, Upload

_PAGE, _TRACK_PAGE = 100, 1000


class Client:
    """A service at a URL, for whoever has this key.

    Every method may raise `ServiceError`, with the code and the sentence of the service, and
    `NoAnswerError` where the service is not reached.
    """

    def __init__(self, url: str, key: str, user_id: str | None = None) -> None:
        """`user_id`: whose tasks to handle; another's than the key's need the scope `act-as`.

        Raises:
            InvalidInputError: `bad_url`.
        """
        self._session = Session(url, key, user_id)

    def submit(
        self, source: str | Path, options: Mapping[str, Any] | None = None,
        *, idempotency_key: str | None = None, on_upload: OnUpload | None = None,
    ) -> str:  # fmt: skip
        """Have a video analysed; the id of the task.

        Args:
            source: a file of this machine as a `Path`, which is uploaded as it is read; or text:
                a URL, a path or a key that the service knows.
            options: as docs/http.md has them; what is left out takes the usual value.
            idempotency_key: a second submission with the same one gives the same task.
            on_upload: hears how many bytes of the file were sent, and of how many.

        Raises:
            OSError: the file cannot be read.
        """
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        if isinstance(source, Path):
            answer = self._upload(source, options or {}, headers, on_upload)
        else:
            body = {"file_path": source, "options": dict(options or {}), **self._session.user}
            answer = self._session.json("POST", "/tasks", json=body, headers=headers)
        return str(answer["task_id"])

    def status(self, task_id: str) -> Status:
        """Where a task stands."""
        status: Status = self._ask("GET", _task(task_id))
        return status

    def wait(
        self, task_id: str, on_progress: Callable[[Status], None] | None = None,
        timeout: float | None = None,
    ) -> Status:  # fmt: skip
        """Wait until a task has ended; its last status. Broken connections are made anew.

        Args:
            on_progress: hears each status.
            timeout: seconds; then `wait_timeout` is raised and the task goes on.
        """
        return follow(self._session, task_id, timeout, on_progress or (lambda _: None))

    def cancel(self, task_id: str) -> Status:
        """End a task; what runs for it stops soon."""
        status: Status = self._ask("POST", f"{_task(task_id)}/cancel")
        return status

    def erase(self, task_id: str) -> None:
        """Erase a task and every file of it, for good."""
        self._ask("DELETE", _task(task_id))

    def results(self, task_id: str) -> Sequence[Artefact]:
        """The files that a task has left so far."""
        artefacts: Sequence[Artefact] = self._ask("GET", f"{_task(task_id)}/results")["artefacts"]
        return artefacts

    def download(self, task_id: str, artefact: str | Artefact, target: Path) -> None:
        """Fetch a file of a task, by name or as `results` lists it.

        A broken connection is continued where it broke. `target` appears whole, with the hash
        that the service knows, or not at all.

        Raises:
            TransientError: `disk_full`.
        """
        if isinstance(artefact, str):
            artefact = self._named(task_id, artefact)
        download(self._session, task_id, artefact, target)

    def tracks(self, task_id: str, classes: Sequence[str] = ()) -> Iterator[Track]:
        """Who was where, by track_id, of these classes or of any; asks for pages when needed."""
        after = 0
        while after is not None:
            asked = {"class_name": list(classes), "limit": _TRACK_PAGE, "after": after}
            page = self._ask("GET", f"{_task(task_id)}/tracks", **asked)
            yield from page["tracks"]
            after = page["next"]

    def tasks(self, states: Sequence[str] = ()) -> Iterator[TaskSummary]:
        """Tasks, newest first, in these states or in any; asks for the next page when needed."""
        before: dict[str, str] = {}
        while True:
            asked = {"state": list(states), "limit": _PAGE, **before}
            page = self._ask("GET", "/tasks", **asked)
            yield from page["tasks"]
            if page["next"] is None:
                return
            before = {"before": page["next"]}

    def ask_for_labels(
        self, task_id: str | None = None, folder: str | None = None, *,
        num_frames: int | None = None, project: str | None = None, model: str | None = None,
    ) -> str:  # fmt: skip
        """Have people label frames or pictures; the id of the task that waits for them.

        Args:
            task_id: of an analysis; None for a folder alone.
            folder: `frames/{task_id}`, what a task extracted, or a folder of one's own area; None
                has frames of the analysis chosen.
            num_frames: at most so many.
            model: whose boxes people begin with in a folder's pictures.
        """
        asked = {
            "task_id": task_id, "folder_path": folder, "num_frames": num_frames,
            "project": project, "model": model,
        }  # fmt: skip
        wish = {name: value for name, value in asked.items() if value is not None}
        body = {**wish, **self._session.user}
        return str(self._at_once("/labeling", body)["task_id"])

    def labeling(self, task_id: str) -> Labeling:
        """How far people are, by the task of the labels or of the analysis."""
        labeling: Labeling = self._ask("GET", _labeling(task_id))
        return labeling

    def confirm_labels(self, task_id: str) -> Labeling:
        """Say that people are done, where the tool cannot tell."""
        labeling: Labeling = self._ask("POST", f"{_labeling(task_id)}/confirm")
        return labeling

    def train(
        self, dataset: str, settings: Mapping[str, Any] | None = None, *, deploy: bool = False
    ) -> str:
        """Train a model; the id of the task.

        Args:
            dataset: the task that waited for its labels.
            settings: of the fit, as docs/http.md has them.
            deploy: whether the model goes live if it is better.
        """
        body = {
            "data_path": f"train_log/{dataset}", "model_train_info": dict(settings or {}),
            "deploy": deploy, **self._session.user,
        }  # fmt: skip
        return str(self._at_once("/training", body)["task_id"])

    def training(self, task_id: str) -> Training:
        """How far a training is, by its own id or that of the task with which its loop began."""
        training: Training = self._ask("GET", f"/training/{quote(task_id, safe='')}")
        return training

    def deploy(self, training: str, *, force: bool = False) -> str:
        """Let what a task trained go live, if it is better or by force; the id of the task."""
        body = {"task_id": training, "force": force, **self._session.user}
        return str(self._at_once("/deployments", body)["deployment_id"])

    def models(self) -> Sequence[Model]:
        """The models that a task may name, and those that were pruned."""
        models: Sequence[Model] = self._session.json("GET", "/models")["models"]
        return models

    def close(self) -> None:
        """Give the connections back."""
        self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self.close()

    def _at_once(self, path: str, body: Mapping[str, Any]) -> Any:
        """The id of a task that takes long: `wait` hears how it goes."""
        return self._session.json("POST", path, json=body, params={"wait": 0})

    def _ask(self, method: str, path: str, **query: Any) -> Any:
        return self._session.json(method, path, params={**query, **self._session.user})

    def _upload(
        self, file: Path, options: Mapping[str, Any], headers: Mapping[str, str],
        on_upload: OnUpload | None,
    ) -> Mapping[str, Any]:  # fmt: skip
        fields = {"options": orjson.dumps(dict(options)).decode(), **self._session.user}
        with Upload(file, on_upload) as content:
            answer: Mapping[str, Any] = self._session.json(
                "POST", "/tasks/upload", data=fields, files={"file": (file.name, content)},
                headers=headers, timeout=UPLOAD_TIMEOUT,
            )  # fmt: skip
        return answer

    def _named(self, task_id: str, name: str) -> Artefact:
        for artefact in self.results(task_id):
            if artefact["name"] == name:
                return artefact
        raise ServiceError("no_such_artefact", f"Task {task_id} has no file {name}.", 404)


def _labeling(task_id: str) -> str:
    return f"/labeling/{quote(task_id, safe='')}"


def _task(task_id: str) -> str:
    return f"/tasks/{quote(task_id, safe='')}"
