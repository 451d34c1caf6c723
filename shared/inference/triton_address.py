"""What a URL `triton+grpc://host:port?…` says."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from shared.errors import InvalidInputError
from shared.inference.adapters import SERVER

KINDS: Mapping[str, str] = {"auto": "KIND_AUTO", "cpu": "KIND_CPU", "gpu": "KIND_GPU"}
"""What the server calls a device: `auto` takes GPUs where it has any."""
_MEMORY = ("auto", "on", "off")
_MOST_INSTANCES, _MOST_SECONDS = 64, 3600.0


@dataclass(frozen=True, slots=True)
class TritonAddress:
    """A server, and how it is used.

    Attributes:
        server: `host:port` of its gRPC.
        repository: its model repository, as this process sees it; None: it is only read from.
        device: key of `KINDS`, on which models are placed.
        instances: of a model, on each device: what it runs at once.
        shared_memory: `auto` (where the server can open ours), `on` (or it is an error), `off`.
        timeout: seconds that one call may take.
        patience: seconds for which a call that fails is tried again.
    """

    server: str
    repository: Path | None = None
    device: str = "auto"
    instances: int = 2
    shared_memory: str = "auto"
    timeout: float = 30.0
    patience: float = 10.0


def read_address(options: Mapping[str, str]) -> TritonAddress:
    """Check what the URL says.

    Args:
        options: those of its query, and its `SERVER`.

    Raises:
        InvalidInputError: `bad_inference_url`.
    """
    return TritonAddress(
        server=_server(options[SERVER]),
        repository=_folder(options.get("repository")),
        device=_chosen(options, "device", tuple(KINDS)),
        instances=_instances(options.get("instances", "2")),
        shared_memory=_chosen(options, "shared_memory", _MEMORY),
        timeout=_seconds(options, "timeout", 30.0),
        patience=_seconds(options, "patience", 10.0),
    )


def _server(place: str) -> str:
    parts = urlsplit(f"//{place}")
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or not port or parts.netloc != place or "@" in place:
        raise _bad("it names no server", "write triton+grpc://host:port, and options at most")
    return place


def _folder(text: str | None) -> Path | None:
    if text is None:
        return None
    if not text.startswith("/"):
        raise _bad(f"repository is {text!r}", "give the absolute path of the server's repository")
    return Path(text)


def _chosen(options: Mapping[str, str], name: str, known: tuple[str, ...]) -> str:
    value = options.get(name, "auto")
    if value not in known:
        raise _bad(f"{name} is {value!r}", f"choose one of {', '.join(known)}")
    return value


def _instances(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= _MOST_INSTANCES):
        raise _bad(f"instances is {text!r}", f"give a number from 1 to {_MOST_INSTANCES}")
    return int(text)


def _seconds(options: Mapping[str, str], name: str, default: float) -> float:
    text = options.get(name, str(default))
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= _MOST_SECONDS:
        raise _bad(f"{name} is {text!r}", f"give seconds above 0, at most {_MOST_SECONDS:g}")
    return value


def _bad(fault: str, remedy: str) -> InvalidInputError:
    return InvalidInputError("bad_inference_url", f"TRACKLOOP_INFERENCE_URL: {fault}; {remedy}.")
