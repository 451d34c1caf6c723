"""Whether a source is a path or a URL, and of which scheme."""

import re

KNOWN = ("file", "http", "https", "s3")
STORAGE, UPLOAD = INTERNAL = ("storage", "upload")
"""What only the gateway composes: a file of an area by its key, a file that came with the task."""

_OBJECT = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/(.+)", re.DOTALL)


def scheme_of(source: str) -> str | None:
    """The scheme in lower case; None for a path.

    Anything that holds `://` counts as a URL, so that a misspelt one is not taken for a path,
    which messages show in full.
    """
    head, colon, _ = source.strip().partition(":")
    head = head.lower()
    return head if colon and (head in (*KNOWN, *INTERNAL) or "://" in source) else None


def bucket_and_key(source: str) -> tuple[str, str] | None:
    """The parts of an S3 URL; None where it is none. The key may hold any character."""
    bare = source.strip()
    found = _OBJECT.fullmatch(bare[:3].lower() + bare[3:])
    return (found[1], found[2]) if found else None
