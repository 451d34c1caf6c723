"""Keys that carry the fence: what one attempt of a step sent touches no other attempt's files."""

from pathlib import Path

from shared.storage.paths import AREAS, DETECTIONS, Paths


def attempt_folder(task_id: str, step: str, part: int, fence: int) -> str:
    """Where an attempt sends its files, with a slash at the end."""
    return f"{_attempts(task_id)}{fence}-{step}-{part}/"


def place_of(task_id: str, key: str) -> str:
    """The place under the root that steps know, for a key of any kind."""
    inside = key.removeprefix(_attempts(task_id))
    return key if inside == key else inside.partition("/")[2]


def is_shared(place: str) -> bool:
    """Whether tasks share the file: it is written once, and is the same whoever writes it."""
    return place.startswith(f"{DETECTIONS}/")


def is_kept(place: str) -> bool:
    """Whether its owner chose the place, and may have it replaced."""
    return place.startswith(f"{AREAS}/")


def _attempts(task_id: str) -> str:
    return f"{Paths(Path()).videos(task_id).as_posix()}/.attempt/"
