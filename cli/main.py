"""The commands of `trackloop`, and what becomes of their errors."""

import logging
import os
import signal
import sys
from types import FrameType
from typing import Annotated

import typer
from rich.console import Console
from rich.logging import RichHandler
from rich.markup import escape

from cli.db import database
from cli.demo import demo
from cli.doctor import doctor
from cli.evaluate import evaluate
from cli.events import events
from cli.flower import flower
from cli.gateway import gateway
from cli.keys import keys
from cli.labels import labels
from cli.models import models
from cli.notify import notify
from cli.run import run
from cli.submit import submit
from cli.tasks import cancel, results, status, tasks
from cli.track import track
from cli.training import deploy, train
from cli.up import up
from cli.webhooks import webhooks
from cli.worker import beat, worker
from shared.errors import InvalidInputError, TrackloopError

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Who was where: video in, tracked results out, on your own machine.",
)
app.command()(run)
app.command()(track)
app.command("eval")(evaluate)
app.add_typer(models, name="models")
app.add_typer(labels, name="labels")
app.command()(train)
app.command()(deploy)
app.add_typer(database, name="db")
app.command()(up)
app.command()(gateway)
app.command()(worker)
app.command()(beat)
app.command()(flower)
app.command()(submit)
app.command()(status)
app.command()(cancel)
app.command()(results)
app.add_typer(tasks, name="tasks")
app.add_typer(keys, name="keys")
app.add_typer(events, name="events")
app.add_typer(notify, name="notify")
app.add_typer(webhooks, name="webhooks")
app.command()(doctor)
app.command()(demo)


@app.callback()
def _verbosity(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log each step.")] = False,
) -> None:
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        format="%(message)s",
        handlers=[RichHandler(console=Console(stderr=True), show_path=False)],
    )


def main() -> None:
    """Entry point. Exit codes: 0 done, 1 failed, 2 wrong input, 130 interrupted, 143 terminated."""
    heard = _hear_signals()
    try:
        app()
    except TrackloopError as error:
        _say(error.code, error.message)
        sys.exit(2 if isinstance(error, InvalidInputError) else 1)
    except BrokenPipeError:
        # The reader of a pipe went away; the interpreter would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        _say("no_access", f"{place}{error.strerror or error}; check the path and its permissions.")
        sys.exit(1)
    except Exception:
        # An import that a signal cuts short may raise an error of its own in its place.
        if heard:
            sys.exit(128 + heard[0])
        raise


def _say(code: str, message: str) -> None:
    Console(stderr=True, soft_wrap=True, highlight=False).print(
        f"[bold red]{code}[/]: ", escape(message), sep=""
    )


def _hear_signals() -> list[int]:
    """The signals that came; each also ends whatever runs."""
    heard: list[int] = []

    def hear(number: int, _: FrameType | None) -> None:
        heard.append(number)
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        sys.exit(128 + number)

    signal.signal(signal.SIGTERM, hear)
    # Who starts a command in the background may have it ignore this one.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, hear)
    return heard


if __name__ == "__main__":
    main()
