"""`trackloop doctor`: what is wrong with this installation, and what to do about it."""

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path
from typing import Literal

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from shared.errors import TrackloopError
from shared.settings import Settings, load_settings

_LOW_DISK_BYTES = 5 * 10**9
_STYLE = {"ok": "green", "warn": "yellow", "fail": "bold red"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report; `remedy` is empty where nothing is to be done."""

    subject: str
    state: Literal["ok", "warn", "fail"]
    fact: str
    remedy: str = ""


def doctor() -> None:
    """Check settings, storage, codecs, OpenCV, runtimes and models; exit 1 if one fails."""
    try:
        settings = load_settings()
    except TrackloopError as error:
        _print([Finding("settings", "fail", error.message, "correct the variable")])
        raise typer.Exit(1) from error
    checks: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
        _settings,
        _connections,
        _service,
        _storage,
        _opencv,
        _codecs,
        _inference,
        _models,
        _training,
    )
    findings = [finding for check in checks for finding in check(settings)]
    _print(findings)
    if any(finding.state == "fail" for finding in findings):
        raise typer.Exit(1)


def _print(findings: list[Finding]) -> None:
    table = Table(show_header=False, box=None)
    for found in findings:
        mark = f"[{_STYLE[found.state]}]{found.state}[/]"
        remedy = found.remedy and f"→ {found.remedy}"
        table.add_row(mark, *map(escape, (found.subject, found.fact, remedy)))
    Console(soft_wrap=True).print(table)


def _settings(settings: Settings) -> Iterator[Finding]:
    for name in type(settings).model_fields:
        yield Finding(f"TRACKLOOP_{name.upper()}", "ok", _public(getattr(settings, name)))


def _public(value: object) -> str:
    """Without the password that a URL may hold."""
    return re.sub(r"(://[^/@]*?:)[^/]*(?=@)", r"\1***", str(value))


def _connections(settings: Settings) -> Iterator[Finding]:
    """What each start asks as well, all at once."""
    from shared.servers import CHECKS

    for name, check in CHECKS.items():
        try:
            check(settings)
        except TrackloopError as error:
            yield Finding(name, "fail", error.message)
        else:
            yield Finding(name, "ok", "can be used")


def _service(settings: Settings) -> Iterator[Finding]:
    from api_gateway.client import Client, ServiceError
    from shared.access.service_file import find_service

    try:
        url, key = find_service(settings)
    except TrackloopError as error:
        yield Finding("service", "ok", error.message)
        return
    try:
        with Client(url, key) as client:
            client.models()
    except ServiceError as error:
        yield Finding("service", "warn", error.message, "see `trackloop up`, `trackloop keys`")
    else:
        yield Finding("service", "ok", f"answers at {url}")


def _storage(settings: Settings) -> Iterator[Finding]:
    place = _existing(settings.storage_root)
    free = shutil.disk_usage(place).free
    low = free < _LOW_DISK_BYTES
    yield Finding(
        "disk", "warn" if low else "ok", f"{free / 1e9:.1f} GB free at {place}",
        "free some space or set TRACKLOOP_STORAGE_URL" if low else "",
    )  # fmt: skip
    try:
        probe = place / ".trackloop-doctor"
        probe.touch()
        probe.unlink()
    except OSError as error:
        yield Finding(
            "storage", "fail", f"{place} cannot be written: {error.strerror}",
            "give this user the right to write there or set TRACKLOOP_STORAGE_URL",
        )  # fmt: skip


def _existing(folder: Path) -> Path:
    return next(parent for parent in (folder, *folder.parents) if parent.exists())


def _opencv(_: Settings) -> Iterator[Finding]:
    found = _installed("opencv-")
    several = len(found) > 1
    yield Finding(
        "OpenCV", "fail" if several else "ok", ", ".join(found),
        "uninstall all of them, then install opencv-python-headless alone: they share one folder"
        if several else "",
    )  # fmt: skip


def _installed(prefix: str) -> list[str]:
    names = {(dist.metadata["Name"] or "").lower() for dist in distributions()}
    return sorted(name for name in names if name.startswith(prefix))


def _codecs(_: Settings) -> Iterator[Finding]:
    import av

    for name in ("h264", "hevc", "vp9", "av1", "mpeg4"):
        yield _codec(name, "r", av.codec.codecs_available)
    yield _codec("libx264", "w", av.codec.codecs_available)


def _codec(name: str, mode: Literal["r", "w"], available: set[str]) -> Finding:
    import av

    word = "decoder" if mode == "r" else "encoder"
    try:
        av.Codec(name, mode)
    except av.codec.codec.UnknownCodecError:
        return Finding(f"{word} {name}", "fail", "missing", "install PyAV from its wheel")
    return Finding(f"{word} {name}", "ok", "there" if name in available else "there, by alias")


def _inference(settings: Settings) -> Iterator[Finding]:
    import onnxruntime

    providers = ", ".join(onnxruntime.get_available_providers())
    variants = [name for name in _installed("onnxruntime") if "extensions" not in name]
    several = len(variants) > 1
    yield Finding(
        "ONNX Runtime", "fail" if several else "ok",
        f"{', '.join(variants)} {onnxruntime.__version__}: {providers}",
        "uninstall all of them, then install the one you need alone: they share one folder"
        if several else "",
    )  # fmt: skip


def _models(settings: Settings) -> Iterator[Finding]:
    from shared.inference.drift import drifts
    from shared.inference.models import model_store, states_of

    try:
        found = model_store(settings).list()
        for model, state in zip(found, states_of(found), strict=True):
            faults = list(drifts([model]))
            for fault in faults:
                fact = f"{fault.label}: {fault.file} {fault.fault}"
                yield Finding("model", "fail", fact, fault.remedy)
            if not faults:
                fact = f"{model.manifest.label}, {state}, {len(model.manifest.classes)} classes"
                yield Finding("model", "ok", fact)
    except TrackloopError as error:
        yield Finding("model", "fail", error.message, "add the model again or remove its folder")


def _training(settings: Settings) -> Iterator[Finding]:
    """Most hosts need not be able to; one that was told with what has to be."""
    from shared.training.environment import check_training_environment, training_python

    try:
        found = check_training_environment(training_python(settings))
    except TrackloopError as error:
        told = settings.train_python is not None
        remedy = "correct or unset TRACKLOOP_TRAIN_PYTHON" if told else ""
        yield Finding("training", "warn" if told else "ok", f"not here: {error.message}", remedy)
    else:
        fact = ", ".join(f"{name} {version}" for name, version in found.items())
        yield Finding("training", "ok", fact)
