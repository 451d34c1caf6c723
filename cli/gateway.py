"""`trackloop gateway`: the HTTP interface alone."""

import time

from rich.console import Console
from rich.markup import escape

from cli.listening import HostOption, PortOption, listening_settings

_LOOK_SECONDS = 0.2


def gateway(host: HostOption = None, port: PortOption = None) -> None:
    """Answer HTTP and WebSocket, for workers in other processes, until a signal."""
    from api_gateway.process import running_gateway
    from shared.logging import log_to_stderr
    from shared.stop_signals import stop_signals

    settings = listening_settings(host, port)
    log_to_stderr(settings.log_format, settings.log_level, "gateway")
    with stop_signals() as asked_to_stop, running_gateway(settings) as address:
        Console(soft_wrap=True, highlight=False).print(
            f"Trackloop answers at {escape(address.url)}"
        )
        while not asked_to_stop():
            time.sleep(_LOOK_SECONDS)
