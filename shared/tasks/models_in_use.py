"""Which versions of models tasks are pinned to."""

from datetime import UTC, datetime, timedelta

from shared.db.database import Database
from shared.db.tables import TaskRow

_FOLLOWED = timedelta(hours=1)
"""A phase of the loop names the version of the one before, and begins when its event is heard."""


def models_in_use(database: Database) -> set[str]:
    """`name@version` of each that an unfinished task names, or one that ended just now."""
    with database.read() as unit:
        rows = unit.tasks.at_work(datetime.now(UTC) - _FOLLOWED)
        return {label for row in rows for label in _labels(row)}


def _labels(row: TaskRow) -> set[str]:
    """An analysis, a training and a deployment name one; a labelling knows its analysis."""
    analysed = row.options.get("analysis") or {}
    named = (row.options.get("model"), analysed.get("model"))
    return {str(label) for label in named if label}
