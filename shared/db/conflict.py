"""What a copy does with a row that the target has; apart, so that the command starts light."""

from enum import StrEnum


class OnConflict(StrEnum):
    """Rows are told by primary key and unique constraints (ADR 23)."""

    SKIP = "skip"
    UPDATE = "update"
    ERROR = "error"
