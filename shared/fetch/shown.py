"""How a source is named where others can read it: messages, logs, results."""

from pathlib import PurePath

from pydantic_core import Url, ValidationError

from shared.fetch.scheme import INTERNAL, UPLOAD, bucket_and_key, scheme_of
from shared.storage.keys import path_in_area

_LONGEST = 200
"""Characters of a URL that are shown."""


def shown(source: str) -> str:
    """The source without query, fragment and credentials, which may be secrets."""
    scheme = scheme_of(source)
    if scheme is None:
        return _printable(source)
    if scheme in INTERNAL:
        name = _within_storage(scheme, source)
    else:
        name = _without_secrets(scheme, source.strip())
    return _printable(name if len(name) <= _LONGEST else name[:_LONGEST] + "…")


def base_name(source: str) -> str:
    """The last part of a source's path; the host where there is no path."""
    name = shown(source)
    return PurePath(name).name or name


def _within_storage(scheme: str, source: str) -> str:
    """As its owner named it: the path in the area, the name of the uploaded file."""
    name = source.partition(":")[2]
    if scheme == UPLOAD:
        return name.replace("\\", "/").rpartition("/")[2] or "the uploaded file"
    return path_in_area(name)


def _without_secrets(scheme: str, source: str) -> str:
    if scheme in {"http", "https"}:
        try:
            return _place(Url(source))
        except ValidationError:
            return _only_harmless(scheme, source)
    if found := bucket_and_key(source):
        bucket, key = found
        return f"s3://{bucket}/{key.partition('?')[0]}"
    return _only_harmless(scheme, source)


def _place(url: Url) -> str:
    path = (url.path or "").removeprefix("/")
    return str(Url.build(scheme=url.scheme, host=url.host or "", port=url.port, path=path))


def _only_harmless(scheme: str, source: str) -> str:
    """A URL that nobody can take apart is shown only where it has no place for a secret."""
    return f"{scheme}:…" if any(mark in source for mark in "@?#") else source


def _printable(name: str) -> str:
    """Without line breaks and control characters, which would forge lines in a log."""
    return "".join(character if character.isprintable() else "�" for character in name)
