"""The Celery app: queues by URL, and one thin task for every step."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Protocol
from urllib.parse import urlsplit

from celery import Celery
from celery.exceptions import Ignore
from celery.signals import before_task_publish
from kombu import Exchange, Queue

from shared.domain.step import StepRef
from shared.errors import InvalidInputError
from shared.pipeline import memory_transport
from shared.pipeline.leases import Message
from shared.pipeline.step import Group, Pipelines

TASK = "trackloop.step"
_RUNG_AT = "rung_at"
# Topic, not direct: with a direct exchange postponed tasks block a worker on RabbitMQ.
_STEPS = Exchange("trackloop.steps", type="topic", durable=True)
_DELIVERIES = 3
_ANSWERED_WITHIN_MS = 24 * 3600 * 1000
"""A message is answered when its step ends; the broker's own limit is half an hour. Whoever takes
longer, as a training may, loses the message and goes on (ADR 35).

Known to RabbitMQ from 3.12 (https://www.rabbitmq.com/docs/consumers#acknowledgement-timeout); an
older one needs `consumer_timeout` in its configuration.
"""

_SCHEMES = ("amqp", "amqps", "memory")


class RunsSteps(Protocol):
    """What a step's message is for."""

    def run(self, ref: StepRef, message: Message) -> bool:
        """See `shared.pipeline.worker.StepWorker.run`."""


def celery_app(broker_url: str, queues: Iterable[str]) -> Celery:
    """An app that can send to these queues and serve them; connects when first used.

    Raises:
        InvalidInputError: `unknown_broker`.
    """
    scheme = urlsplit(broker_url).scheme
    if scheme not in _SCHEMES:
        raise InvalidInputError(
            "unknown_broker",
            f"TRACKLOOP_BROKER_URL: the scheme is unknown; known schemes: {', '.join(_SCHEMES)}.",
        )
    memory_transport.register()
    # Kombu warns of an empty host at each connection.
    url = f"{broker_url}localhost" if broker_url == "memory://" else broker_url
    app = Celery("trackloop", broker=url, set_as_current=False)
    app.conf.update(
        broker_connection_retry_on_startup=True,
        # A broker that is away for a night must not end the workers.
        broker_connection_max_retries=None,
        # Nor one that takes the message of a long step back and closes the channel (ADR 35).
        broker_channel_error_retry=True,
        # A restarted broker must not break a chain between two steps.
        task_publish_retry_policy={
            "max_retries": 60, "interval_start": 0, "interval_step": 0.5, "interval_max": 2,
        },
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_create_missing_queues=False,
        task_default_exchange=_STEPS.name,
        task_default_exchange_type=_STEPS.type,
        # The database holds every outcome; nobody waits for a result.
        task_ignore_result=True,
        task_queues=[_queue(name, scheme) for name in sorted(set(queues))],
        # Messages taken early would wait behind a long step, and look lost meanwhile.
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        worker_send_task_events=False,
    )  # fmt: skip
    before_task_publish.connect(_stamp, sender=TASK, dispatch_uid="trackloop-rung", weak=False)
    return app


def queues_of(pipelines: Pipelines) -> set[str]:
    """Every queue that some step of these pipelines names."""
    found: set[str] = set()
    for pipeline in pipelines.values():
        for entry in pipeline:
            steps = entry.steps if isinstance(entry, Group) else (entry,)
            found |= {step.queue for step in steps}
    return found


def serve_steps(app: Celery, worker: RunsSteps) -> None:
    """Let this app's workers run steps."""

    def step(self: Any, task_id: str, name: str, part: int, generation: int) -> None:
        ref = StepRef(task_id, name, part, generation)
        if not worker.run(ref, _message(self.request)):
            # Passing on from copies and from steps that are done would multiply copies.
            raise Ignore

    # Shared tasks, the default, would be this one in every other app of the process.
    app.task(name=TASK, bind=True, shared=False)(step)


def _queue(name: str, scheme: str) -> Queue:
    arguments = None
    if scheme != "memory":
        # No dead letters: a message only rings, and the reconciler rings again or gives up.
        arguments = {
            "x-queue-type": "quorum",
            "x-delivery-limit": _DELIVERIES,
            "x-consumer-timeout": _ANSWERED_WITHIN_MS,
        }
    return Queue(name, _STEPS, routing_key=name, queue_arguments=arguments, durable=True)


def _stamp(headers: dict[str, Any], **_: Any) -> None:
    """Here and not where a message is written: a chain's later messages pass here as well."""
    headers[_RUNG_AT] = datetime.now(UTC).isoformat()


def _message(request: Any) -> Message:
    rung_at = request.get(_RUNG_AT)
    redelivered = bool((request.delivery_info or {}).get("redelivered"))
    return Message(request.id, datetime.fromisoformat(rung_at) if rung_at else None, redelivered)
