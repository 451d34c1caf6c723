"""Label Studio over HTTP (https://api.labelstud.io): a call, its answer, what may go wrong."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import httpx
from pydantic import BaseModel, TypeAdapter, ValidationError

from shared.errors import InvalidInputError, PermanentError, TrackloopError, TransientError
from shared.labeling.labelstudio_address import Address
from shared.labeling.labelstudio_token import auth_of

PAGE = 100
_TIMEOUT = httpx.Timeout(60.0, connect=5.0)
_TRIES_OF_A_LIST = 3
_LONGEST = 200

T = TypeVar("T")


class NotThereError(Exception):
    """The server knows no such thing."""


class _Page(BaseModel):
    total: int
    tasks: list[dict[str, Any]]


class Api:
    """Calls to one server, over connections that are kept until it is closed."""

    def __init__(self, address: Address, http: httpx.Client) -> None:
        self.address, self._http = address, http

    def call(self, method: str, path: str, kind: type[T], **request: Any) -> T:
        """The answer, as `kind` says that it looks.

        Raises:
            NotThereError: 404.
            PermanentError: `labeling_refused`, `labeling_rejected`, `no_labeling_server`.
            TransientError: `labeling_unreachable`, `labeling_busy`.
        """
        try:
            response = self._http.request(method, f"{self.address.url}/api/{path}", **request)
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise _unreachable(error) from error
        if response.status_code == httpx.codes.NOT_FOUND:
            raise NotThereError
        if not response.is_success:
            raise _refusal(response)
        if response.status_code == httpx.codes.NO_CONTENT:
            return TypeAdapter(kind).validate_python(None)
        try:
            return TypeAdapter(kind).validate_json(response.content)
        except ValidationError as error:
            raise no_server() from error

    def tasks(self, project: int, **query: str) -> list[dict[str, Any]]:
        """All tasks of a project, over as many pages as it takes.

        Raises:
            NotThereError: there is no such project.
            TransientError: `labeling_busy`: people delete tasks faster than they can be listed.
        """
        for _ in range(_TRIES_OF_A_LIST):
            found = self._listed({"project": str(project), "page_size": str(PAGE), **query})
            if found is not None:
                return found
        raise TransientError(
            "labeling_busy", "Label Studio: tasks went while they were listed; try again."
        )

    def _listed(self, query: dict[str, str]) -> list[dict[str, Any]] | None:
        """None where tasks came or went between two pages: some would be missing, or twice."""
        first = self.call("GET", "tasks", _Page, params=query)
        found, page = first.tasks, 1
        while len(found) < first.total:
            page += 1
            try:
                more = self.call("GET", "tasks", _Page, params={**query, "page": str(page)})
            except NotThereError:
                return None
            if more.total != first.total or not more.tasks:
                return None
            found += more.tasks
        return found if len({task.get("id") for task in found}) == first.total else None


@contextmanager
def connected(address: Address) -> Iterator[Api]:
    """Calls as long as the block lasts."""
    auth = auth_of(address.token, address.url)
    with httpx.Client(auth=auth, timeout=_TIMEOUT) as http:
        yield Api(address, http)


def no_server() -> InvalidInputError:
    """Something answers, but not as it should."""
    return InvalidInputError(
        "no_labeling_server",
        "TRACKLOOP_LABELING_URL: what answers there is no Label Studio; correct the address.",
    )


def _unreachable(error: Exception) -> TransientError:
    said = str(error) or type(error).__name__
    return TransientError(
        "labeling_unreachable",
        f"TRACKLOOP_LABELING_URL: Label Studio cannot be reached ({said}); "
        "start it or correct the URL.",
    )


def _refusal(response: httpx.Response) -> TrackloopError:
    status = response.status_code
    if status in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
        return PermanentError(
            "labeling_refused",
            f"TRACKLOOP_LABELING_TOKEN: Label Studio refuses this token (HTTP {status}); copy one "
            "from its page Account & Settings, and allow legacy tokens where it is one.",
        )
    if status >= httpx.codes.INTERNAL_SERVER_ERROR or status == httpx.codes.TOO_MANY_REQUESTS:
        return TransientError(
            "labeling_busy", f"Label Studio answers HTTP {status}; it has to recover."
        )
    if response.is_redirect:
        return no_server()
    words = "".join(each if each.isprintable() else " " for each in response.text[:_LONGEST])
    return PermanentError(
        "labeling_rejected", f"Label Studio answers HTTP {status} ({words}); correct what it names."
    )


def names(tasks: Sequence[dict[str, Any]]) -> list[str]:
    """Our names of the pictures of tasks; people's own tasks have none."""
    return [task["data"]["name"] for task in tasks if "name" in task.get("data", {})]
