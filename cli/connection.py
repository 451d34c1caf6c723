"""The service that a command talks to."""

from typing import TYPE_CHECKING, Annotated

import typer

from shared.access.service_file import find_service
from shared.settings import load_settings

if TYPE_CHECKING:
    from api_gateway.client import Client

UserOption = Annotated[
    str | None, typer.Option("--user-id", help="Whose task; another's needs the scope act-as.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else.")]
TaskArgument = Annotated[str, typer.Argument(help="Id of the task.", show_default=False)]


def connect(user_id: str | None = None) -> "Client":
    """A client of the service that the variables name, or of the one that runs on this storage.

    Raises:
        InvalidInputError: `no_service`, `no_key`, `bad_url`.
    """
    from api_gateway.client import Client

    return Client(*find_service(load_settings()), user_id)
