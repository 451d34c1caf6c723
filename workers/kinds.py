"""What a worker may be told to do, and what this host can do of it."""

import logging
from collections.abc import Sequence

from shared.errors import InvalidInputError, PermanentError
from shared.settings import Settings
from shared.training.environment import check_training_environment, training_python
from workers.pipeline import QUEUES

log = logging.getLogger(__name__)

NOTIFICATION = "notification"
KINDS = (*QUEUES, NOTIFICATION)
"""What a worker may be told to do."""
NEED_TORCH = ("training", "deployment")


def check_kinds(kinds: Sequence[str]) -> None:
    """Whether each is one of `KINDS`.

    Raises:
        InvalidInputError: `unknown_queue`.
    """
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown or not kinds:
        raise InvalidInputError(
            "unknown_queue",
            f"--queues: {', '.join(unknown) or 'nothing'} is none; known queues: "
            f"{', '.join(KINDS)}.",
        )


def able_kinds(settings: Settings, asked: Sequence[str] | None) -> Sequence[str]:
    """What of it is to be done here.

    A worker that is to do all that it can leaves to others what needs torch, where it has none: a
    step that it took would fail its task, one that waits for another worker does not.

    Args:
        asked: None: all that this host can do.

    Raises:
        PermanentError: `no_training_environment`, where something was asked for that needs one.
    """
    wanted = KINDS if asked is None else asked
    if not set(wanted) & set(NEED_TORCH):
        return wanted
    try:
        check_training_environment(training_python(settings))
    except PermanentError as error:
        if asked is not None:
            raise
        log.warning("%s are left to other workers: %s", " and ".join(NEED_TORCH), error)
        return [kind for kind in wanted if kind not in NEED_TORCH]
    return wanted


def queues_of_kinds(kinds: Sequence[str]) -> list[str]:
    """The queues behind them; notifications have none."""
    return [queue for kind in kinds for queue in QUEUES.get(kind, ())]
