"""Where progress is kept: a table from the URL's scheme to the code, loaded when asked for."""

import importlib
from collections.abc import Callable, Mapping

from shared.errors import InvalidInputError
from shared.progress.port import ProgressBoard

ADAPTERS: Mapping[str, str] = {
    "memory": "shared.progress.memory_board:open_memory_board",
    "redis": "shared.progress.redis_board:open_redis_board",
    "rediss": "shared.progress.redis_board:open_redis_board",
}


def open_board(url: str) -> ProgressBoard:
    """The board that `url` names; use it in a `with` block, or close it.

    Args:
        url: `memory://` for one process, where reporter and reader share the returned object, or
            `redis://host:6379/0`, `rediss://…`.

    Raises:
        InvalidInputError: `unknown_progress`, `bad_progress_url`.
    """
    target = ADAPTERS.get(url.partition(":")[0].lower())
    if target is None:
        raise InvalidInputError(
            "unknown_progress",
            f"TRACKLOOP_REDIS_URL: the scheme is unknown; known schemes: {', '.join(ADAPTERS)}.",
        )
    module, _, name = target.partition(":")
    opener: Callable[[str], ProgressBoard] = getattr(importlib.import_module(module), name)
    return opener(url)
