"""`trackloop worker` and `trackloop beat`: the processes behind a gateway."""

import os
from typing import Annotated

import typer

from shared.settings import load_settings

_BEHIND_THE_GATEWAY = 5
"""Where they share a processor, whoever asks is answered first."""


def worker(
    queues: Annotated[
        str | None,
        typer.Option(
            help="What to do, with commas: video, inference, results, labeling, training, "
            "deployment, notification. [all of it; training and deployment where torch is]"
        ),
    ] = None,
    concurrency: Annotated[
        int | None,
        typer.Option(min=1, max=64, help="Steps at once. [TRACKLOOP_STEP_THREADS, 2]"),
    ] = None,
) -> None:
    """Run steps that come through the broker, until a signal; running ones are given back."""
    from shared.logging import log_to_stderr
    from shared.stop_signals import stop_signals
    from workers.process import running_worker

    settings = load_settings()
    log_to_stderr(settings.log_format, settings.log_level, "worker")
    kinds = [kind.strip() for kind in queues.split(",")] if queues is not None else None
    processes = concurrency or settings.step_threads
    with stop_signals() as asked_to_stop, running_worker(settings, kinds, processes) as running:
        running.wait(asked_to_stop)


def beat() -> None:
    """Send what was committed, hear events and ring what was lost, until a signal.

    Workers need one; a second one on another host takes over when the first is gone.
    """
    from shared.logging import log_to_stderr
    from shared.stop_signals import stop_signals
    from workers.process import running_beat

    settings = load_settings()
    log_to_stderr(settings.log_format, settings.log_level, "beat")
    os.nice(_BEHIND_THE_GATEWAY)
    with stop_signals() as asked_to_stop, running_beat(settings) as running:
        running.wait(asked_to_stop)
