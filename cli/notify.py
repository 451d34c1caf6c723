"""`trackloop notify`: rules, and what became of messages; on the database, as `trackloop keys`."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from cli.connection import JsonOption
from cli.database_unit import database_unit
from shared.domain.notification import DeliveryState, Interest, Outcome, Priority
from shared.fetch.shown import shown
from shared.settings import load_settings
from shared.storage.documents import to_json

if TYPE_CHECKING:
    from shared.db.notification_tables import DeliveryRow, RuleRow

notify = typer.Typer(no_args_is_help=True, help="Who is told what, and what was told.")
rules = typer.Typer(no_args_is_help=True, help="Who is told what.")
notify.add_typer(rules, name="rules")

_OwnerOption = Annotated[
    str | None, typer.Option("--owner", help="Whose rule; left out: the operator's.")
]
_IdArgument = Annotated[str, typer.Argument(help="See `list`.", show_default=False)]


@rules.command()
def add(
    channel: Annotated[str | None, typer.Option(help="A channel of TRACKLOOP_NOTIFY_URLS.")] = None,
    url: Annotated[str | None, typer.Option(help="Or a webhook, which gets a secret.")] = None,
    step: Annotated[
        list[str] | None, typer.Option(help="Only of this step; may be repeated. [every event]")
    ] = None,
    outcome: Annotated[
        list[Outcome] | None, typer.Option(help="Only this; may be repeated. [all]")
    ] = None,
    user: Annotated[
        list[str] | None, typer.Option(help="Only this user's tasks; may be repeated. [all]")
    ] = None,
    priority: Annotated[Priority, typer.Option(help="It begins the title.")] = Priority.NORMAL,
    quiet: Annotated[int, typer.Option(min=0, help="No repeat of the same for so long, s.")] = 15,
    name: Annotated[str, typer.Option(help="What to call it.")] = "",
    owner: _OwnerOption = None,
) -> None:
    """Tell somebody from now on; prints the id, and a webhook's secret, which is shown once."""
    from shared.db.api_keys import check_principal
    from shared.notifications.make_rule import Wish, make_rule

    for person in (*(user or ()), *([owner] if owner else ())):
        check_principal(person)
    users = tuple(user or ()) if owner is None else ()
    interest = Interest(tuple(step or ()), tuple(outcome or ()), users, priority, quiet)
    wish = Wish(owner, interest, channel, url, name)
    settings = load_settings()
    with database_unit() as unit:
        row = make_rule(unit, wish, settings.notify_urls.keys(), settings.allowed_networks)
    typer.echo(row.id)
    if row.secret:
        typer.echo(row.secret)
        Console(stderr=True).print("[dim]The secret signs its webhooks; it is shown only now.[/]")


@rules.command("list")
def list_rules(json: JsonOption = False) -> None:
    """List every rule."""
    with database_unit() as unit:
        found = [_rule(row) for row in unit.rules.list()]
    if json:
        typer.echo(to_json(found), nl=False)
        return
    table = Table(Column("id", no_wrap=True), "name", "of", "to", "hears", box=None)
    for rule in found:
        table.add_row(
            rule["id"], escape(rule["name"]), escape(rule["owner"] or "operator"),
            escape(rule["channel"] or rule["url"]), escape(_hears(rule)),
        )  # fmt: skip
    Console().print(table)


@rules.command()
def remove(rule: _IdArgument) -> None:
    """Tell them no more; what waits is not sent."""
    from shared.notifications.make_rule import remove_rule

    with database_unit() as unit:
        remove_rule(unit, rule, None, anybodys=True)
    Console(highlight=False).print(f"removed {escape(rule)}")


@notify.command("list")
def list_deliveries(
    state: Annotated[
        list[DeliveryState] | None, typer.Option(help="Only these; may be repeated. [any]")
    ] = None,
    task: Annotated[str | None, typer.Option(help="Only about this task.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="The newest so many.")] = 50,
    json: JsonOption = False,
) -> None:
    """List what was told or waits, newest first, whoever it is for."""
    with database_unit() as unit:
        rows = unit.deliveries.page(
            None, limit=limit, states=state or (), subject=task, everybody=True
        )
        found = [_delivery(row) for row in rows]
    if json:
        typer.echo(to_json(found), nl=False)
        return
    table = Table(
        Column("id", no_wrap=True), "event", Column("task", no_wrap=True), "rule", "state",
        "tries", "next", "error", box=None,
    )  # fmt: skip
    for each in found:
        table.add_row(
            each["id"], each["type"], each["task_id"], escape(each["rule_name"]), each["state"],
            str(each["attempts"]), each["due_at"] or "", escape(each["error_message"] or ""),
        )  # fmt: skip
    Console().print(table)


@notify.command()
def retry(notification: _IdArgument) -> None:
    """Send now what waits or was given up; the running service does it."""
    from shared.notifications.retry import retry_delivery

    with database_unit() as unit:
        retry_delivery(unit, notification, None, anybodys=True)
    Console(highlight=False).print(f"{escape(notification)} is sent again")


def _rule(row: "RuleRow") -> dict[str, Any]:
    names = ("id", "name", "owner", "channel", "steps", "outcomes", "users", "priority")
    known = {name: getattr(row, name) for name in (*names, "quiet_seconds", "enabled")}
    return known | {
        "url": shown(row.url) if row.url else None,
        "created_at": _moment(row.created_at),
    }


def _hears(rule: dict[str, Any]) -> str:
    if not rule["enabled"]:
        return "nothing: its receiver is gone"
    kinds = ("outcomes", "steps", "users")
    chosen = [f"{kind}: {', '.join(rule[kind])}" for kind in kinds if rule[kind]]
    return "; ".join([*(chosen or ["everything"]), f"priority {rule['priority']}"])


def _delivery(row: "DeliveryRow") -> dict[str, Any]:
    names = ("id", "event_id", "rule_id", "rule_name", "owner", "user_id", "state", "attempts")
    known = {name: getattr(row, name) for name in (*names, "error_code", "error_message")}
    times = {name: _moment(getattr(row, name)) for name in ("due_at", "created_at", "ended_at")}
    return known | times | {"type": row.event["type"], "task_id": row.subject}


def _moment(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at else None
