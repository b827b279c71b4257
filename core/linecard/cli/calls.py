"""`linecard call`: place a call through a running server."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.console import Console

from linecard.cli.remote import Url, ask


def call(
    to: Annotated[str, typer.Argument(help="Whom to call, in E.164: +14155550123.")],
    from_: Annotated[str, typer.Option("--from", help="A registered number.")],
    agent: Annotated[str | None, typer.Option(help="Default: the number's own.")] = None,
    record: Annotated[bool | None, typer.Option("--record/--no-record")] = None,
    machine: Annotated[str, typer.Option(help="off, detect or wait-for-beep.")] = "off",
    metadata: Annotated[str, typer.Option(help="JSON for the agent.")] = "{}",
    url: Url = None,
) -> None:
    """Call somebody and connect them with a voice agent."""
    body = {
        "from": from_,
        "to": to,
        "agent": agent,
        "record": record,
        "machine": machine,
        "metadata": json.loads(metadata),
    }
    given = {name: value for name, value in body.items() if value is not None}
    placed = ask("POST", "/calls", url, given)
    Console().print(f"{placed['id']}  {placed['status']}", markup=False, highlight=False)
    if placed["status"] in ("failed", "unknown"):
        Console(stderr=True).print(
            placed["end_reason"] or "the carrier has not said whether it dialled"
        )
        raise typer.Exit(1)
