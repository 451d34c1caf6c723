"""A real server that speaks the part of docs/http.md that the client uses, and breaks on demand."""

import hashlib
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI, Request, Response, WebSocket
from fastapi.responses import JSONResponse, StreamingResponse

from api_gateway.serving import bound, serving

KEY = "k" * 8 + "-of-the-tiny-service-" + "0123"
_HEAD = 64 * 2**10  # of an upload this much is kept: all fields, whatever pieces they come in


def status(state: str = "running", percent: float = 0.0, **more: Any) -> dict[str, Any]:
    """A status as the service sends it."""
    known: dict[str, Any] = {
        "task_id": "t1", "pipeline": "video", "source": "upload:a.mp4", "options": {},
        "state": state, "current_step": None, "percent": percent, "attempt": 1,
        "created_at": "2026-01-01T00:00:00Z", "started_at": None, "ended_at": None,
        "error": None, "steps": [], "loop": [], "progress": None,
    }  # fmt: skip
    return known | more


class BrokenOnPurposeError(Exception):
    """Ends a connection in the middle."""


@dataclass
class TinyService:
    """What it answers, and what it was asked.

    Attributes:
        polled: statuses for GET, one a request; the last one again and again.
        pushed: what each WebSocket sends before it breaks, one list a connection; None refuses it.
        content: the file `a.bin`.
        breaks: after so many bytes each answer with the file breaks; none left: it holds.
        ranges: whether `Range` is heard.
        problem: refuses every request, where set: status and body.
    """

    polled: list[dict[str, Any]] = field(default_factory=lambda: [status("succeeded", 100)])
    pushed: list[list[dict[str, Any]] | None] = field(default_factory=list)
    content: bytes = b""
    breaks: list[int] = field(default_factory=list)
    ranges: bool = True
    problem: tuple[int, Any] | None = None
    url: str = ""
    asked: list[str] = field(default_factory=list)
    asked_ranges: list[str | None] = field(default_factory=list)
    uploaded: dict[str, Any] = field(default_factory=dict)

    @property
    def artefact(self) -> dict[str, Any]:
        """How results list the file."""
        digest = hashlib.sha256(self.content).hexdigest()
        return {
            "name": "a.bin", "step": "write", "size": len(self.content), "sha256": digest,
            "media_type": "application/octet-stream", "url": "/tasks/t1/results/a.bin",
        }  # fmt: skip


@contextmanager
def tiny_service(service: TinyService, port: int = 0) -> Iterator[TinyService]:
    """Serve it on this machine."""
    with bound("127.0.0.1", port) as address, serving(_app(service), address.socket):
        service.url = address.url
        yield service


def _app(service: TinyService) -> FastAPI:
    app = FastAPI()

    @app.middleware("http")
    async def note(request: Request, call_next: Any) -> Any:
        service.asked.append(f"{request.method} {request.url.path}")
        if service.problem is not None:
            code, body = service.problem
            return JSONResponse(body, code) if isinstance(body, dict) else Response(body, code)
        if request.headers.get("x-api-key") != KEY:
            return JSONResponse({"code": "key_unknown", "detail": "Unknown key."}, 401)
        return await call_next(request)

    @app.get("/tasks/t1")
    def ask() -> Any:
        return service.polled.pop(0) if len(service.polled) > 1 else service.polled[0]

    @app.get("/tasks")
    def page(request: Request) -> Any:
        before = request.query_params.get("before")
        service.asked[-1] += "?" + request.url.query
        if before is None:
            return {"tasks": [{"task_id": "t3"}, {"task_id": "t2"}], "next": "t2"}
        return {"tasks": [{"task_id": "t1"}], "next": None}

    @app.get("/tasks/t1/results")
    def results() -> Any:
        return {"artefacts": [service.artefact]}

    app.get("/tasks/t1/results/a.bin")(_file(service))
    app.post("/tasks/upload", status_code=202)(_upload(service))
    app.websocket("/ws/tasks/t1")(_watch(service))
    return app


def _file(service: TinyService) -> Any:
    def answer(request: Request) -> Response:
        asked = request.headers.get("range")
        service.asked_ranges.append(asked)
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
        heard = bool(asked) and service.ranges
        body = service.content[start if heard else 0 :]
        size = len(service.content)
        headers = {"content-length": str(len(body)), "etag": f'"{service.artefact["sha256"]}"'}
        if heard:
            headers["content-range"] = f"bytes {start}-{size - 1}/{size}"
        most = service.breaks.pop(0) if service.breaks else None
        return StreamingResponse(_pieces(body, most), 206 if heard else 200, headers)

    return answer


async def _pieces(body: bytes, most: int | None) -> AsyncIterator[bytes]:
    yield body[:most]
    if most is not None:
        raise BrokenOnPurposeError


def _upload(service: TinyService) -> Any:
    async def answer(request: Request) -> Any:
        seen, head, digest = 0, b"", hashlib.sha256()
        async for piece in request.stream():
            head += piece[: _HEAD - len(head)]
            seen += len(piece)
            digest.update(piece)
        service.uploaded = {"bytes": seen, "head": head, "headers": dict(request.headers)}
        return {"task_id": "t1", "status_url": "/status/t1"}

    return answer


def _watch(service: TinyService) -> Any:
    async def watch(socket: WebSocket) -> None:
        service.asked.append(f"WS {socket.url.path}")
        messages = service.pushed.pop(0) if service.pushed else None
        if messages is None:
            await socket.close()
            return
        await socket.accept()
        for message in messages:
            await socket.send_json(message)
        if messages and messages[-1].get("state") in ("succeeded", "failed", "cancelled"):
            await socket.close(1000)
            return
        raise BrokenOnPurposeError

    return watch
