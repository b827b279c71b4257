"""`linecard blocklist`: whose calls a running server does not take, and whom it does not call."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

import typer
from rich.table import Table

from linecard.cli.remote import Url, ask
from linecard.cli.tables import show

blocklist = typer.Typer(no_args_is_help=True)
Caller = Annotated[str, typer.Argument(help="A number (+14155550123), or a prefix ('+1415*').")]


@blocklist.command("list")
def list_blocked(url: Url = None) -> None:
    """Show who is blocked."""
    table = Table("caller", "calls", "since", "note", box=None)
    cursor: str | None = ""
    while cursor is not None:
        page = ask("GET", f"/blocklist?limit=200{cursor and f'&cursor={cursor}'}", url)
        for one in page["items"]:
            table.add_row(one["caller"], one["direction"], one["created_at"], one["note"] or "")
        cursor = page["next"]
    show(table)


@blocklist.command("add")
def add(
    caller: Caller,
    direction: Annotated[
        str, typer.Option(help="inbound (their calls), outbound (calls to them) or both.")
    ] = "both",
    note: Annotated[str | None, typer.Option(help="Why, for those who look later.")] = None,
    url: Url = None,
) -> None:
    """Block a number, or every number with a prefix."""
    ask("POST", "/blocklist", url, {"caller": caller, "direction": direction, "note": note})
    typer.echo(f"{caller} is blocked")


@blocklist.command("remove")
def remove(caller: Caller, url: Url = None) -> None:
    """Take an entry off, written as it was added."""
    ask("DELETE", f"/blocklist/{quote(caller, safe='+*')}", url)
    typer.echo(f"{caller} is no longer blocked")
