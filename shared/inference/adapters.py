"""What can run models: a table from the URL's scheme to the code, loaded when asked for."""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from shared.errors import InvalidInputError
from shared.inference.models import Model
from shared.inference.port import Runtime

Opener = Callable[[Model, int, Mapping[str, str]], Runtime]
_MOST_THREADS = 256


@dataclass(frozen=True, slots=True)
class Adapter:
    """One way to run models.

    Attributes:
        target: `module:callable`, an `Opener`.
        options: query options that it understands.
        package: what must be installed.
        remedy: how to install it.
    """

    target: str
    options: frozenset[str]
    package: str
    remedy: str


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
}


def open_runtime(url: str, model: Model, threads: int) -> Runtime:
    """Load a model into the runtime that `url` names.

    Args:
        url: such as `onnx://`, `onnx://?provider=cuda`, `openvino://?precision=bf16`;
            `?in_flight=N` stands above `threads`.
        threads: single-threaded inferences in flight.

    Raises:
        InvalidInputError: `unknown_scheme`, `bad_inference_url`, `missing_package`, or an
            option that the adapter refuses.
        ModelError: the model cannot be used.
    """
    opener, options = resolve(url)
    return opener(model, count(options, "in_flight", threads), options)


def resolve(url: str) -> tuple[Opener, dict[str, str]]:
    """The code behind a URL, loaded, and its options.

    Raises:
        InvalidInputError: `unknown_scheme`, `bad_inference_url`, `missing_package`.
    """
    parts = urlsplit(url)
    adapter = ADAPTERS.get(parts.scheme)
    if adapter is None:
        raise InvalidInputError(
            "unknown_scheme",
            f"TRACKLOOP_INFERENCE_URL has an unknown scheme in {url!r}; "
            f"known schemes: {', '.join(ADAPTERS)}.",
        )
    if parts.netloc or parts.path or parts.fragment:
        raise _bad_url(f"{url!r} names a place", f"write {parts.scheme}:// and options only")
    options = _options(parts.query, adapter)
    return _load(adapter, parts.scheme), options


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


def _load(adapter: Adapter, scheme: str) -> Opener:
    module, _, name = adapter.target.partition(":")
    try:
        opener: Opener = getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != adapter.package:
            raise
        raise InvalidInputError(
            "missing_package",
            f"TRACKLOOP_INFERENCE_URL names {scheme}:// but {adapter.package} is not installed; "
            f"{adapter.remedy}.",
        ) from error
    return opener


def _bad_url(fault: str, remedy: str) -> InvalidInputError:
    return InvalidInputError("bad_inference_url", f"TRACKLOOP_INFERENCE_URL: {fault}; {remedy}.")
