"""Bring what a source names to its place in the storage, whole or not at all."""

from dataclasses import dataclass
from pathlib import Path

from shared.fetch.attended import Attended
from shared.fetch.deadline import Deadline
from shared.fetch.intake import Intake, Report
from shared.fetch.local_file import allowed_file
from shared.fetch.shown import shown
from shared.fetch.source import (
    HttpSource,
    LocalSource,
    S3Source,
    StorageSource,
    UploadedSource,
    parse_source,
)
from shared.fetch.stored_file import stored_file, uploaded_file
from shared.settings import Settings
from shared.storage.files import copy_file, link_or_copy, publishing
from shared.storage.paths import Paths


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a source goes.

    Attributes:
        target: the file to publish.
        workplace: folder of the half-written file; it must be there.
        links_local: whether a link to a local file is enough, as for a task that ends soon.
            A file that is kept must not change with its original.
    """

    target: Path
    workplace: Path
    links_local: bool


def bring(
    task_id: str, text: str, to: Destination, paths: Paths, settings: Settings, report: Report
) -> None:
    """Publish what `text` names at the destination.

    Args:
        report: told bytes so far and in all, at least twice a second while bytes are moved or
            waited for; what it raises ends the transfer.

    Raises:
        InvalidInputError: what `parse_source`, `allowed_file`, `stored_file`, `uploaded_file` and
            the transfers refuse.
        MediaError: `empty_file`, `too_many_bytes`.
        TransientError: `disk_full`, and what a network does (`download_http`, `download_s3`).
    """
    match parse_source(text):
        case LocalSource(path):
            _take(allowed_file(path, settings), to, report, link=to.links_local)
        case StorageSource() as source:
            _take(stored_file(source, paths, settings), to, report, link=True)
        case UploadedSource():
            place = uploaded_file(shown(text), paths.source(task_id), settings)
            if place != to.target:
                _take(place, to, report, link=True)
        case HttpSource() | S3Source() as source:
            _download(source, shown(text), to, settings, report)


def _take(file: Path, to: Destination, report: Report, *, link: bool) -> None:
    size = file.stat().st_size
    publish = link_or_copy if link else copy_file
    publish(file, to.target, workplace=to.workplace, on_bytes=lambda done: report(done, size))


def _download(
    source: HttpSource | S3Source, name: str, to: Destination, settings: Settings, report: Report
) -> None:
    deadline, attended = Deadline(settings.download_timeout_seconds), Attended(report)
    with publishing(to.target, workplace=to.workplace) as partial, partial.open("wb") as file:
        intake = Intake(file, name, settings.max_video_bytes, deadline, attended.arrived)
        attended.run(lambda: _transfer(source, intake, settings))


def _transfer(source: HttpSource | S3Source, intake: Intake, settings: Settings) -> None:
    # Each client is loaded when a source needs it: most tasks of one deployment come one way.
    if isinstance(source, HttpSource):
        from shared.fetch.http_download import download_http

        download_http(source, intake, settings)
    else:
        from shared.fetch.s3_download import download_s3

        download_s3(source, intake, settings)
