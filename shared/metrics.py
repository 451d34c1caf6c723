"""What a process counts, for Prometheus.

Children of a worker write into one folder (PROMETHEUS_MULTIPROC_DIR), which the process above them
reads; see `shared/monitoring.py`.
"""

import time

from prometheus_client import Counter, Gauge, Histogram

_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200, 43200)
_REQUEST_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

PROGRESS_AT = "trackloop_step_progress_timestamp_seconds"
LOOP_AT = "trackloop_worker_loop_timestamp_seconds"

STEPS = Counter("trackloop_steps", "Claims of steps, by how they ended", ("step", "outcome"))
STEP_SECONDS = Histogram(
    "trackloop_step_seconds", "Time of claims that were committed", ("step",), buckets=_SECONDS
)
STEP_PROGRESS = Gauge(
    PROGRESS_AT,
    "When the step that runs now last made progress; 0: none runs",
    multiprocess_mode="liveall",
)
LOOP = Gauge(
    LOOP_AT, "When the worker last looked for messages",
    multiprocess_mode="liveall",
)  # fmt: skip
RELAYED = Counter("trackloop_relayed", "Rows of the outbox that the broker took", ("kind",))
RINGS = Counter("trackloop_rings", "Steps that the reconciler rang again", ("reason",))
REACTIONS = Counter("trackloop_events", "Events that a room took", ("room", "outcome"))
REQUESTS = Histogram(
    "trackloop_request_seconds", "Time to an answer's end, by route",
    ("method", "route", "status"), buckets=_REQUEST_SECONDS,
)  # fmt: skip


def made_progress() -> None:
    """The step that this process runs is not stuck."""
    STEP_PROGRESS.set(time.time())


def no_step() -> None:
    """This process runs no step."""
    STEP_PROGRESS.set(0)
