"""Doorbells become messages: a chain for linear steps, single ones for steps beside each other."""

from celery import Celery, chain
from celery.canvas import Signature
from kombu import Producer

from shared.domain.step import Doorbell, Ring
from shared.pipeline.celery_app import TASK


def ring(app: Celery, bell: Doorbell, producer: Producer | None = None) -> int:
    """Send every chain of the doorbell; how many messages went to `producer`.

    Args:
        producer: takes the messages of steps beside each other, which may be many, and leaves it to
            the caller to see that they arrived; None, and those of chains: confirmed one by one.

    Raises:
        kombu.exceptions.OperationalError: the broker did not take all of them.
    """
    taken = 0
    for rings in bell.chains:
        steps = [_signature(app, bell, each) for each in rings]
        if len(steps) > 1:
            chain(*steps, app=app).apply_async()
        elif producer is None:
            steps[0].apply_async()
        else:
            steps[0].apply_async(producer=producer, retry=False)
            taken += 1
    return taken


def _signature(app: Celery, bell: Doorbell, each: Ring) -> Signature:
    arguments = (bell.task_id, each.name, each.part, bell.generation)
    return app.signature(
        TASK, args=arguments, immutable=True, queue=each.queue, routing_key=each.queue,
        shadow=each.name,  # what logs and the workers' page call it
    )  # fmt: skip
