"""Every word that is sent, in one place: a title and a sentence for each event."""

from collections.abc import Callable, Mapping
from typing import Any

from shared.domain.notification import Priority
from shared.events.envelope import Event, EventData
from shared.events.labeling import DatasetPrepared, LabelingCompleted, LabelingRequested
from shared.events.model import (
    ModelConversionCompleted,
    ModelDeployed,
    ModelJudged,
    ModelTrainingCompleted,
)
from shared.events.results import ResultsUploaded
from shared.events.task import (
    StepCompleted,
    TaskCancelled,
    TaskFailed,
    TaskSubmitted,
    TaskSucceeded,
)
from shared.events.video import VideoDownloaded
from shared.notifications.notice import notice_of
from shared.notifications.port import Message

_TEMPLATES: Mapping[type[EventData], tuple[str, str]] = {
    TaskSubmitted: ("{about}: submitted", "The task was submitted and waits for the workers."),
    VideoDownloaded: (
        "{about}: video stored",
        "The video lies in the storage: {bytes} bytes from {source}.",
    ),
    StepCompleted: ("{about}: {step} completed", "The step {step} was completed in {seconds}."),
    ResultsUploaded: (
        "{about}: results ready",
        "Every result lies in the storage. Files: {artefacts}. Model: {model}.",
    ),
    LabelingRequested: (
        "{about}: {pictures} pictures wait for labels",
        "Please label {pictures} pictures in the project {project}. Where: {url}.",
    ),
    LabelingCompleted: (
        "{about}: labels collected",
        "People labelled {pictures} pictures. Boxes: {boxes}.",
    ),
    DatasetPrepared: (
        "{about}: dataset ready",
        "Labels were checked: {train} pictures to train on, {test} to measure on. Boxes: {boxes}.",
    ),
    ModelTrainingCompleted: (
        "{about}: model trained",
        "A model was trained for {epochs} epochs, of which number {best_epoch} was the best. On "
        "{pictures} pictures that it never saw it reaches {new}; the present one reaches {old}.",
    ),
    ModelConversionCompleted: (
        "{about}: model converted",
        "The model was written as ONNX and finds the same {compared} boxes; scores differ "
        "by {difference} at most.",
    ),
    ModelJudged: ("{about}: model {accepted}", "The model was {accepted}. {message} ({code})"),
    ModelDeployed: (
        "{about}: {model} is live",
        "{model} serves from now on in place of {replaced}. mAP50-95: {map50_95}.",
    ),
    TaskSucceeded: ("{about}: succeeded", "The task succeeded after {seconds}."),
    TaskFailed: ("{about}: failed at {step}", "The step {step} failed: {message} ({code})"),
    TaskCancelled: ("{about}: cancelled", "{message}"),
}
_MARKS = {Priority.LOW: "[low] ", Priority.NORMAL: "", Priority.HIGH: "[high] "}
_LONGEST_TITLE = 150
_LONGEST_VALUE = 1000


def render(
    event: Event[EventData], about: str, priority: Priority, service_url: str | None
) -> Message:
    """The words for an event.

    Args:
        about: what the user calls it, without anything secret: the name of the video.
        service_url: where the service answers; None leaves the link out.
    """
    title, sentence = _TEMPLATES[type(event.data)]
    values = _values(event.data) | {"about": _plain(about)}
    link = f"{service_url.rstrip('/')}/status/{event.subject}" if service_url else None
    words = _shortened(_MARKS[priority] + title.format_map(values), _LONGEST_TITLE)
    text = _text(sentence.format_map(values), event, link)
    outcome = notice_of(event).outcome
    data = {
        "task_id": event.subject, **event.data.model_dump(mode="json"), "outcome": outcome,
        "priority": priority, "about": values["about"], "title": words, "text": text, "url": link,
    }  # fmt: skip
    return Message(event.id, event.type, event.time, outcome, priority, words, text, data)


def _text(sentence: str, event: Event[EventData], link: str | None) -> str:
    lines = [
        sentence,
        "",
        f"Task: {event.subject}",
        f"User: {_plain(event.data.user_id)}",
        f"Time: {event.time:%Y-%m-%d %H:%M:%S} UTC",
    ]
    return "\n".join(lines + ([f"Status: {link}"] if link else []))


def _values(data: EventData) -> dict[str, str]:
    return {name: _SHOWN.get(name, _plain)(value) for name, value in data}


def _plain(value: Any) -> str:
    """One line without control characters: nothing in it can end a title or forge a line."""
    words = "".join(sign if sign.isprintable() else " " for sign in str(value))
    return _shortened(" ".join(words.split()), _LONGEST_VALUE)


def _shortened(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _spent(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"


def _figures(found: Any) -> str:
    """Of a model: by name, or the one that counts."""
    if found is None:
        return "nothing that was measured"
    named = found if isinstance(found, dict) else {"mAP50-95": found}
    return _plain(", ".join(f"{name} {value:.3f}" for name, value in named.items()))


_SHOWN: Mapping[str, Callable[[Any], str]] = {
    "seconds": _spent,
    "bytes": "{:,}".format,
    "artefacts": lambda artefacts: str(len(artefacts)),
    "boxes": lambda boxes: _plain(", ".join(f"{n} {name}" for name, n in boxes.items()) or "none"),
    "accepted": lambda accepted: "accepted" if accepted else "not accepted",
    "difference": "{:.1e}".format,
    "map50_95": lambda reached: "not measured" if reached is None else f"{reached:.3f}",
    "new": _figures,
    "old": _figures,
    "url": lambda url: _plain(url or "in the tool's folder"),
}
