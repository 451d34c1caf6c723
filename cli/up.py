"""`trackloop up`: the service, in one process."""

from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from cli.listening import HostOption, PortOption, listening_settings
from shared.settings import Settings

if TYPE_CHECKING:
    from embedded import Service


def up(host: HostOption = None, port: PortOption = None) -> None:
    """Start the service: HTTP, workers and database in this process, until Ctrl-C."""
    from embedded import running_service

    settings = listening_settings(host, port)
    console = Console(soft_wrap=True, highlight=False)
    with running_service(settings) as service:
        _announce(console, service, settings)
        service.wait()
        console.print("Stopping: running steps are given back. Ctrl-C again ends at once.")
    console.print("Stopped; what was running goes on at the next start.")


def _announce(console: Console, service: "Service", settings: Settings) -> None:
    url = service.address.url
    key = "the one in TRACKLOOP_API_KEY" if settings.api_key else service.key
    console.print(f"Trackloop answers at {escape(url)}")
    console.print(f"key: {escape(key)}")
    if service.address.public:
        console.print(
            "[yellow]Other machines may reach this address.[/] Anybody who does and has the key "
            "can use the service, over plain HTTP, which others on the way can read; put a proxy "
            "with TLS in front of it, or listen on 127.0.0.1."
        )
    console.print(f"[dim]Try it at {escape(url)}/docs, or here: trackloop submit VIDEO --wait.[/]")
    console.print("[dim]Ctrl-C stops it.[/]")
