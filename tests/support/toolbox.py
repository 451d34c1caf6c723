"""Real tools over a temporary storage."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from shared.bootstrap import bootstrap
from shared.pipeline.tools import Tools
from shared.progress.port import Silent
from shared.settings import Settings


@contextmanager
def toolbox(root: Path, **settings: Any) -> Iterator[Tools]:
    """Tools whose storage is `root`."""
    with bootstrap(Settings(storage_url=root.as_uri(), **settings), Silent()) as tools:
        yield tools


@contextmanager
def distant_toolbox(url: str, cache: Path, **settings: Any) -> Iterator[Tools]:
    """Tools of a host whose storage is elsewhere."""
    known = Settings(storage_url=url, cache_folder=cache, **settings)
    with bootstrap(known, Silent()) as tools:
        yield tools
