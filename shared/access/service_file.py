"""The file that tells commands of the same user where the service is, and its key."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from shared.errors import InvalidInputError
from shared.settings import Settings
from shared.storage.documents import read_document, to_json
from shared.storage.files import publishing
from shared.storage.paths import Paths


@dataclass(frozen=True, slots=True)
class RunningService:
    """A service of this machine. `url` is how this machine reaches it."""

    url: str
    key: str = field(repr=False)
    pid: int


@contextmanager
def announced(file: Path, service: RunningService) -> Iterator[None]:
    """Keep the file, for this user's eyes only, as long as the block lasts."""
    with publishing(file) as partial:
        partial.chmod(0o600)
        partial.write_bytes(to_json(service))
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def announced_service(settings: Settings) -> RunningService | None:
    """The service that says it runs on this storage; one that was killed says so as well."""
    file = Paths(settings.storage_root).service_file()
    return read_document(file, RunningService) if file.exists() else None


def find_service(settings: Settings) -> tuple[str, str]:
    """Address and key: the variables, else what the service of this storage announces.

    Raises:
        InvalidInputError: `no_service`, `no_key`.
    """
    here = announced_service(settings)
    url = (settings.url or (here.url if here else "")).rstrip("/")
    if not url:
        raise InvalidInputError(
            "no_service",
            f"No service was started in {settings.storage_root}; start it with `trackloop up`, "
            "or set TRACKLOOP_URL and TRACKLOOP_API_KEY.",
        )
    if settings.api_key:
        return url, settings.api_key.get_secret_value()
    if here and here.url == url:
        return url, here.key
    raise InvalidInputError(
        "no_key", f"TRACKLOOP_API_KEY: it is not set, and {url} needs a key; set it."
    )
