"""Doorbells become messages: a chain for linear steps, a group for steps beside each other."""

from celery import Celery, chain, group
from celery.canvas import Signature

from shared.domain.step import Doorbell, Ring
from shared.pipeline.celery_app import TASK


def ring(app: Celery, bell: Doorbell) -> None:
    """Send every chain of the doorbell.

    Raises:
        kombu.exceptions.OperationalError: the broker did not take all of them.
    """
    chains = [_chain(app, bell, rings) for rings in bell.chains]
    whole = chains[0] if len(chains) == 1 else group(chains, app=app)
    whole.apply_async()


def _chain(app: Celery, bell: Doorbell, rings: tuple[Ring, ...]) -> Signature:
    steps = [_signature(app, bell, each) for each in rings]
    return steps[0] if len(steps) == 1 else chain(*steps, app=app)


def _signature(app: Celery, bell: Doorbell, each: Ring) -> Signature:
    arguments = (bell.task_id, each.name, each.part, bell.generation)
    return app.signature(
        TASK, args=arguments, immutable=True, queue=each.queue, routing_key=each.queue
    )
