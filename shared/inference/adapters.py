"""What can run models: a table from the URL's scheme to the code, loaded when asked for."""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from shared.errors import InvalidInputError
from shared.inference.models import Model
from shared.inference.port import Runtime

Opener = Callable[[Model, int, Mapping[str, str]], Runtime]
Stager = Callable[[Model, Mapping[str, str]], None]
Check = Callable[[Mapping[str, str]], None]
SERVER = "server"
"""Among an adapter's options: what stands between `://` and `?`."""
_MOST_THREADS = 256


@dataclass(frozen=True, slots=True)
class Adapter:
    """One way to run models.

    Attributes:
        target: `module:callable`, an `Opener`.
        options: query options that it understands.
        package: what must be installed.
        remedy: how to install it.
        stager: a `Stager`, where a model is brought somewhere before it can serve.
        check: a `Check`, where there is a server to ask; the URL then names its place.
    """

    target: str
    options: frozenset[str]
    package: str
    remedy: str
    stager: str | None = None
    check: str | None = None


ADAPTERS: Mapping[str, Adapter] = {
    "onnx": Adapter(
        "shared.inference.onnx_runtime:open_model",
        frozenset({"provider", "in_flight", "intra_op"}),
        "onnxruntime",
        "install onnxruntime, or onnxruntime-gpu with the extra `cuda`",
    ),
    "openvino": Adapter(
        "shared.inference.openvino_runtime:open_model",
        frozenset({"precision", "in_flight"}),
        "openvino",
        "install the extra `openvino`, or use onnx://",
    ),
    "triton+grpc": Adapter(
        "shared.inference.triton_runtime:open_model",
        frozenset(
            {"repository", "device", "instances", "shared_memory", "in_flight", "timeout",
             "patience"}
        ),
        "tritonclient",
        "install the extra `triton` (requirements-triton.lock)",
        stager="shared.inference.triton_runtime:stage_model",
        check="shared.inference.triton_check:check_server",
    ),
}  # fmt: skip


def open_runtime(url: str, model: Model, threads: int) -> Runtime:
    """Load a model into the runtime that `url` names.

    Args:
        url: such as `onnx://`, `onnx://?provider=cuda`, `openvino://?precision=bf16`,
            `triton+grpc://host:8001?repository=/models`; `?in_flight=N` stands above `threads`.
        threads: single-threaded inferences in flight.

    Raises:
        InvalidInputError: `unknown_scheme`, `bad_inference_url`, `missing_package`, or an
            option that the adapter refuses.
        ModelError: the model cannot be used.
        TransientError: the server that `url` names does not answer as it should.
    """
    adapter, options = _read(url)
    opener: Opener = _load(adapter, adapter.target, url)
    return opener(model, count(options, "in_flight", threads), options)


def stage_model(url: str, model: Model) -> None:
    """Bring a model to where it will serve, without that anybody asks for it yet.

    Raises:
        See `open_runtime`.
    """
    adapter, options = _read(url)
    if adapter.stager is not None:
        stager: Stager = _load(adapter, adapter.stager, url)
        stager(model, options)


def check_inference(url: str) -> None:
    """Whether models can be run: the code is there, and the server answers, if there is one.

    Raises:
        InvalidInputError: see `open_runtime`.
        TransientError: likewise.
    """
    adapter, options = _read(url)
    count(options, "in_flight", 1)
    _load(adapter, adapter.target, url)
    if adapter.check is not None:
        check: Check = _load(adapter, adapter.check, url)
        check(options)


def _read(url: str) -> tuple[Adapter, dict[str, str]]:
    """Who is behind a URL, and its options.

    Raises:
        InvalidInputError: `unknown_scheme`, `bad_inference_url`.
    """
    parts = urlsplit(url)
    adapter = ADAPTERS.get(parts.scheme)
    if adapter is None:
        raise InvalidInputError(
            "unknown_scheme",
            f"TRACKLOOP_INFERENCE_URL: {url!r} has an unknown scheme; "
            f"known schemes: {', '.join(ADAPTERS)}.",
        )
    options = _options(parts.query, adapter)
    place = parts.netloc + parts.path + (f"#{parts.fragment}" if parts.fragment else "")
    if adapter.check is not None:
        return adapter, {**options, SERVER: place}
    if place:
        raise _bad_url(f"{url!r} names a place", f"write {parts.scheme}:// and options only")
    return adapter, options


def _options(query: str, adapter: Adapter) -> dict[str, str]:
    options: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name not in adapter.options:
            known = ", ".join(sorted(adapter.options))
            raise _bad_url(f"option {name!r} is unknown", f"known options: {known}")
        if name in options:
            raise _bad_url(f"option {name!r} is given twice", "give it once")
        options[name] = value
    return options


def count(options: Mapping[str, str], name: str, default: int) -> int:
    """A number of threads among the options.

    Raises:
        InvalidInputError: `bad_inference_url`.
    """
    text = options.get(name, str(default))
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= _MOST_THREADS):
        raise _bad_url(f"{name} is {text!r}", f"give a number from 1 to {_MOST_THREADS}")
    return int(text)


def _load(adapter: Adapter, target: str, url: str) -> Any:
    module, _, name = target.partition(":")
    try:
        return getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != adapter.package:
            raise
        raise InvalidInputError(
            "missing_package",
            f"TRACKLOOP_INFERENCE_URL names {urlsplit(url).scheme}:// but {adapter.package} is "
            f"not installed; {adapter.remedy}.",
        ) from error


def _bad_url(fault: str, remedy: str) -> InvalidInputError:
    return InvalidInputError("bad_inference_url", f"TRACKLOOP_INFERENCE_URL: {fault}; {remedy}.")
