"""Where a command of the service listens."""

from typing import Annotated

import typer

from shared.settings import Settings, load_settings

HostOption = Annotated[
    str | None, typer.Option(help="Address to listen on. [TRACKLOOP_HOST, 127.0.0.1]")
]
PortOption = Annotated[
    int | None,
    typer.Option(min=0, max=65535, help="Port; 0 takes a free one. [TRACKLOOP_PORT, 8000]"),
]


def listening_settings(host: str | None, port: int | None) -> Settings:
    """The settings, with what was given in their place.

    Raises:
        InvalidInputError: `invalid_settings`.
    """
    given = {"host": host, "port": port}
    return load_settings().model_copy(
        update={name: value for name, value in given.items() if value is not None}
    )
