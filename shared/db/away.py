"""Whether a database is away for now, or refuses what it was asked."""

from sqlalchemy.exc import DBAPIError, OperationalError


def is_away(error: DBAPIError) -> bool:
    """The connection broke, or none could be made, as while a server starts."""
    return error.connection_invalidated or isinstance(error, OperationalError)
