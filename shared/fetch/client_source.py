"""What a client of the service names, as the source of a task."""

from shared.errors import InvalidInputError
from shared.fetch.local_file import allowed_file
from shared.fetch.scheme import INTERNAL, STORAGE, scheme_of
from shared.fetch.source import LocalSource, StorageSource, parse_source, unknown_scheme
from shared.fetch.stored_file import check_stored
from shared.settings import Settings
from shared.storage.keys import area_key
from shared.storage.port import Storage

__all__ = ["area_key", "client_source", "service_source"]


def client_source(text: str, owner: str) -> str:
    """The source that a client means: a URL or an absolute path as it is, anything else a file of
    the owner's area.

    Raises:
        InvalidInputError: `unknown_scheme`, `bad_url`, `credentials_in_url`, `bad_path`,
            `bad_principal`.
    """
    scheme = scheme_of(text)
    if scheme in INTERNAL:
        raise unknown_scheme(text)
    if scheme is None and not text.startswith("/"):
        return f"{STORAGE}:{area_key(owner, text)}"
    parse_source(text)
    return text


def service_source(text: str, owner: str, settings: Settings, storage: Storage) -> str:
    """Like `client_source`; what can be known of the file at once is known at once.

    Raises:
        InvalidInputError: also `path_not_allowed` (local files, unless folders are allowed),
            `no_such_file`, `not_a_file`.
        MediaError: `empty_file`, `too_many_bytes`.
        TransientError: the storage does not answer as it should.
    """
    source = client_source(text, owner)
    found = parse_source(source)
    if isinstance(found, LocalSource):
        if not settings.allowed_folders:
            raise InvalidInputError(
                "path_not_allowed",
                "The service reads no files by absolute path; upload the video, "
                "or set TRACKLOOP_ALLOWED_FOLDERS.",
            )
        allowed_file(found.path, settings)
    elif isinstance(found, StorageSource):
        check_stored(found, storage, settings)
    return source
