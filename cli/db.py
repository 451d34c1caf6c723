"""`trackloop db`: upgrade."""

import typer
from rich.console import Console

from shared.settings import load_settings

database = typer.Typer(no_args_is_help=True, help="The database of the service.")


@database.command()
def upgrade() -> None:
    """Bring the database to the schema of this version; safe to run several times at once."""
    from shared.db import migrate

    settings = load_settings()
    migrate.upgrade(settings.database_url, settings.migrations)
    Console().print("The database has the schema of this version.")
