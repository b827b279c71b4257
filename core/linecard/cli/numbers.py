"""`linecard numbers`: register numbers with a running server, and point them at it."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated, Any

import typer
from rich.table import Table

from linecard.cli.remote import Url, ask, read_json
from linecard.cli.tables import show

numbers = typer.Typer(no_args_is_help=True)
E164 = Annotated[str, typer.Argument(help="The number in E.164: +14155550100.")]
COLUMNS = ("number", "provider", "account", "agent", "channels", "stream", "record", "enabled")


@numbers.command("list")
def list_numbers(url: Url = None) -> None:
    """Show the registered numbers."""
    table = Table(*COLUMNS, box=None)
    cursor: str | None = ""
    while cursor is not None:
        page = ask("GET", f"/numbers?limit=200{cursor and f'&cursor={cursor}'}", url)
        for one in page["items"]:
            table.add_row(*(_text(one[name]) for name in COLUMNS))
        cursor = page["next"]
    show(table)


@numbers.command("add")
def add(
    number: E164,
    provider: Annotated[str, typer.Option(help="The carrier's plugin: 'linecard providers'.")],
    agent: Annotated[str, typer.Option(help="The agent that talks.")] = "echo",
    account: Annotated[str | None, typer.Option()] = None,
    channels: Annotated[int, typer.Option()] = 1,
    max_seconds: Annotated[int | None, typer.Option(help="How long its calls may last.")] = None,
    stream: Annotated[str | None, typer.Option(help="A stream profile.")] = None,
    record: Annotated[bool, typer.Option("--record/--no-record")] = False,
    notify: Annotated[str | None, typer.Option(help="Where its notifications go.")] = None,
    enhance: Annotated[
        str | None, typer.Option(help="Takes the noise out: aic, rnnoise, another plugin's.")
    ] = None,
    options: Annotated[str, typer.Option(help="JSON, as the provider declares.")] = "{}",
    routing: Annotated[str, typer.Option(help="JSON: who gets a call that comes in.")] = "{}",
    url: Url = None,
) -> None:
    """Register a number. No request goes to the carrier."""
    body: dict[str, Any] = {
        "number": number,
        "provider": provider,
        "agent": agent,
        "account": account,
        "channels": channels,
        "max_seconds": max_seconds,
        "stream": stream,
        "record": record,
        "notify": notify,
        "enhance": enhance,
        "options": read_json(options, "--options"),
        "routing": read_json(routing, "--routing"),
    }
    _print(ask("POST", "/numbers", url, body))


@numbers.command("show")
def show_number(number: E164, url: Url = None) -> None:
    """Show a number and what is still to be done at the carrier."""
    _print(ask("GET", f"/numbers/{number}", url))


@numbers.command("set")
def change(
    number: E164,
    changes: Annotated[list[str], typer.Argument(help="name=value ...; values are JSON or text.")],
    url: Url = None,
) -> None:
    """Change a number: `linecard numbers set +14155550100 agent=greeter record=true`."""
    _print(ask("PATCH", f"/numbers/{number}", url, dict(_pair(change) for change in changes)))


@numbers.command("remove")
def remove(number: E164, url: Url = None) -> None:
    """Take a number off the register."""
    ask("DELETE", f"/numbers/{number}", url)
    typer.echo(f"{number} is no longer registered")


@numbers.command("rotate")
def rotate(number: E164, url: Url = None) -> None:
    """Make a new proof for the addresses pasted at an unsigned carrier; the one before it stays good."""
    _print(ask("POST", f"/numbers/{number}/rotate", url))


@numbers.command("connect")
def point_here(
    number: E164, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False
) -> None:
    """Point a number at this server through the carrier's API (reads the server's own settings)."""
    from linecard.cli.connecting import connect

    asyncio.run(connect(number, yes))


@numbers.command("disconnect")
def give_back(number: E164) -> None:
    """Give a number back to what it pointed at before."""
    from linecard.cli.connecting import disconnect

    asyncio.run(disconnect(number))


def _pair(change: str) -> tuple[str, object]:
    name, separator, value = change.partition("=")
    if not separator:
        raise typer.BadParameter(f"{change!r} is not name=value")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _text(value: object) -> str:
    return "-" if value is None else value if isinstance(value, str) else json.dumps(value)


def _print(number: dict[str, Any]) -> None:
    for name, value in number.items():
        if name != "setup":
            typer.echo(f"{name:<10} {_text(value)}")
    for step in number["setup"] or ():
        typer.echo(f"to do      {step['do']}")
        if step["paste"]:
            typer.echo(step["paste"])
