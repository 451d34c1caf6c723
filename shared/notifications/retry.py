"""Another try for what could not be sent, because somebody asks for it."""

from datetime import UTC, datetime

from shared.db.notification_tables import DeliveryRow
from shared.db.unit_of_work import Unit
from shared.domain.notification import DeliveryState
from shared.errors import ConflictError, NotFoundError

_RETRYABLE = (DeliveryState.WAITING, DeliveryState.DEAD)


def retry_delivery(
    unit: Unit, delivery_id: str, owner: str | None, *, anybodys: bool = False
) -> DeliveryRow:
    """Send it now; its tries are counted anew.

    Raises:
        NotFoundError: `no_such_notification`, also when it is somebody else's.
        ConflictError: `not_retryable`: it was sent, is being sent, or said nothing new.
    """
    row = unit.deliveries.lock(delivery_id)
    if row is None or not (anybodys or row.owner == owner):
        raise NotFoundError(
            "no_such_notification", f"There is no notification {delivery_id}; check the id."
        )
    if row.state not in _RETRYABLE:
        raise ConflictError(
            "not_retryable",
            f"The notification is {row.state}; only what waits or is dead can be tried again.",
        )
    row.state, row.due_at, row.ended_at = DeliveryState.WAITING, datetime.now(UTC), None
    row.attempts = row.refusals = 0
    unit.deliveries.written = True
    return row
