"""A task's status as it changes, over a WebSocket."""

import asyncio
from collections.abc import Awaitable

from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.concurrency import run_in_threadpool

from api_gateway.dependencies import READ, authenticate, gateway_of
from api_gateway.errors import problem, status_of
from api_gateway.schemas.task import TaskView
from api_gateway.views import ended, task_view
from shared.errors import InvalidInputError, TrackloopError

router = APIRouter()

_INTERVAL_SECONDS = 0.5
_FIRST_MESSAGE_SECONDS = 10.0
_NORMAL, _REFUSED = 1000, 4000


class FirstMessage(BaseModel):
    """What a client that cannot set headers sends first."""

    model_config = ConfigDict(extra="forbid")

    key: str


@router.websocket("/ws/tasks/{task_id}")
async def watch(socket: WebSocket, task_id: str, user_id: str | None = None) -> None:
    """Send the status now and whenever it changed; close after the last."""
    await socket.accept()
    try:
        owner = await _owner(socket, user_id)
        await _send_until_ended(socket, owner, task_id)
    except TrackloopError as error:
        status = status_of(error)
        refusal = problem(status, error.code, error.message, socket.url.path)
        await _unless_gone(socket.send_text(refusal.model_dump_json()))
        await _unless_gone(socket.close(_REFUSED + status, error.code))
    except WebSocketDisconnect:
        return


async def _owner(socket: WebSocket, user_id: str | None) -> str:
    key = socket.headers.get("x-api-key") or socket.query_params.get("key")
    if key is None:
        key = await _first_message(socket)
    caller = await run_in_threadpool(authenticate, gateway_of(socket), key)
    caller.needs(READ)
    return caller.owner(user_id)


async def _first_message(socket: WebSocket) -> str | None:
    try:
        async with asyncio.timeout(_FIRST_MESSAGE_SECONDS):
            text = await socket.receive_text()
    except TimeoutError:
        return None
    except KeyError as error:  # bytes where text is expected
        raise _bad_message() from error
    try:
        return FirstMessage.model_validate_json(text).key
    except ValidationError as error:
        raise _bad_message() from error


def _bad_message() -> InvalidInputError:
    return InvalidInputError(
        "bad_message", 'The first message is not {"key": "…"}; send the key so, or as ?key=.'
    )


async def _send_until_ended(socket: WebSocket, owner: str, task_id: str) -> None:
    gateway = gateway_of(socket)
    gone = asyncio.create_task(_until_gone(socket))
    last: TaskView | None = None
    try:
        while not gone.done():
            view = await run_in_threadpool(task_view, gateway, owner, task_id)
            if view != last:
                await socket.send_text(view.model_dump_json())
                last = view
            if ended(view):
                await socket.close(_NORMAL)
                return
            await asyncio.wait({gone}, timeout=_INTERVAL_SECONDS)
    finally:
        gone.cancel()


async def _until_gone(socket: WebSocket) -> None:
    """Read what nobody asked for, so that a client that leaves is noticed."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass


async def _unless_gone(sending: Awaitable[None]) -> None:
    try:
        await sending
    except (WebSocketDisconnect, RuntimeError):  # Starlette's, for a socket that was closed
        return
