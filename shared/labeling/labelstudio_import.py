"""Pictures into a project: uploaded to the server itself, so that every annotator sees them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import orjson
from pydantic import BaseModel

from shared.domain.label import LabelledPicture
from shared.errors import TransientError
from shared.labeling.labelstudio_api import Api, names
from shared.labeling.port import LabelRequest
from shared.labels.labelstudio import regions

_AT_ONCE, _BYTES_AT_ONCE = 20, 50_000_000
"""Most pictures in one request, and most bytes, but for a larger picture."""
_LONGEST_NAME = 48


class _Uploaded(BaseModel):
    file_upload_ids: list[int]


class _Upload(BaseModel):
    id: int
    file: str
    size: int | None = None


_Pair = tuple[int, LabelledPicture]
"""A picture with its place in the request."""


def complete(api: Api, project: int, request: LabelRequest) -> None:
    """Import the pictures that the project does not have. Each is there once afterwards.

    Raises:
        TransientError: `labeling_incomplete`: the server took them and does not have them yet.
    """
    missing = _missing(api, project, request)
    sent = _uploads(api, project, {"all": "true"}) if missing else []
    for some in _batches(missing, request):
        _import(api, project, request, some, sent)
    _drop_copies(api, project)
    if _missing(api, project, request):
        raise TransientError(
            "labeling_incomplete", "Label Studio has not all pictures yet; it is asked again."
        )


def _missing(api: Api, project: int, request: LabelRequest) -> list[_Pair]:
    there = set(names(api.tasks(project, include="id,data")))
    return [pair for pair in enumerate(request.pictures) if pair[1].name not in there]


def _batches(missing: Sequence[_Pair], request: LabelRequest) -> Iterator[list[_Pair]]:
    some, size = list[_Pair](), 0
    for pair in missing:
        more = (request.folder / pair[1].name).stat().st_size
        if some and (len(some) == _AT_ONCE or size + more > _BYTES_AT_ONCE):
            yield some
            some, size = [], 0
        some.append(pair)
        size += more
    if some:
        yield some


def _import(
    api: Api, project: int, request: LabelRequest, some: Sequence[_Pair], sent: list[_Upload]
) -> None:
    """What an earlier try has sent is taken as it is."""
    if unsent := [pair for pair in some if _upload_of(pair, request, sent) is None]:
        sent += _send(api, project, request, unsent)
    tasks = []
    for pair in some:
        upload = _upload_of(pair, request, sent)
        if upload is None:
            raise TransientError(
                "labeling_incomplete",
                f"Label Studio has no upload of {pair[1].name}; it is sent again.",
            )
        tasks.append(_task(pair[1], f"{api.address.path}/data/{upload.file}", request))
    api.call("POST", f"projects/{project}/import", object, json=tasks)


def _send(api: Api, project: int, request: LabelRequest, some: Sequence[_Pair]) -> list[_Upload]:
    with ExitStack() as opened:
        files = {
            f"picture{pair[0]}": (
                _upload_name(pair),
                opened.enter_context((request.folder / pair[1].name).open("rb")),
            )
            for pair in some
        }
        made = api.call(
            "POST", f"projects/{project}/import", _Uploaded, files=files,
            params={"commit_to_project": "false"},
        )  # fmt: skip
    return _uploads(api, project, {"ids": orjson.dumps(made.file_upload_ids).decode()})


def _uploads(api: Api, project: int, query: Mapping[str, str]) -> list[_Upload]:
    return api.call("GET", f"projects/{project}/file-uploads", list[_Upload], params=query)


def _upload_of(pair: _Pair, request: LabelRequest, sent: Sequence[_Upload]) -> _Upload | None:
    """The server puts some letters before the name."""
    end, size = f"-{_upload_name(pair)}", (request.folder / pair[1].name).stat().st_size
    whole = (each for each in sent if each.file.endswith(end) and each.size in {None, size})
    return next(whole, None)


def _task(picture: LabelledPicture, address: str, request: LabelRequest) -> dict[str, Any]:
    width, height = picture.size or (0, 0)
    scores = [box.score for box in picture.boxes if box.score is not None]
    prediction = {
        "model_version": request.model,
        "score": min(scores, default=1.0),  # sorted by it, the doubtful pictures come first
        "result": regions(picture, request.classes),
    }
    data = {"image": address, "name": picture.name, "width": width, "height": height}
    return {"data": data, "predictions": [prediction]}


def _upload_name(pair: _Pair) -> str:
    """Plain, short, and of no other picture of the request."""
    index, picture = pair
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", picture.name)
    return f"{index:06d}-{plain[-_LONGEST_NAME:]}"


def _drop_copies(api: Api, project: int) -> None:
    """A request whose answer was lost may have been carried out late, after its repetition."""
    seen = set[str]()
    for task in sorted(_by_work(api, project), key=_rank):
        name = task["data"]["name"]
        if name in seen and not task["total_annotations"]:
            api.call("DELETE", f"tasks/{task['id']}", object)
        seen.add(name)


def _by_work(api: Api, project: int) -> Iterator[Mapping[str, Any]]:
    for task in api.tasks(project, include="id,data,total_annotations"):
        if names([task]):
            yield task


def _rank(task: Mapping[str, Any]) -> tuple[bool, int]:
    """What people have worked on first."""
    return not task["total_annotations"], task["id"]
