"""`linecard doctor`: is this place fit to take calls."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from linecard.doctor import Finding

COLOURS = {
    "ok": typer.colors.GREEN,
    "warning": typer.colors.YELLOW,
    "failed": typer.colors.RED,
    "could not check": typer.colors.CYAN,
}
LONGEST_OUTCOME = len("could not check")


def doctor(
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON document, for programs.")
    ] = False,
) -> None:
    """Check settings, database, carriers and the way from the public URL to the running server; 1 if anything failed.

    Nothing is changed anywhere: no call is made, no number moved, no table written.
    """
    import logging

    from linecard.logs import configure

    configure(json=False, level=logging.CRITICAL)
    found = asyncio.run(_examined(as_json))
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in found], indent=2))
    raise typer.Exit(1 if any(one.outcome.value == "failed" for one in found) else 0)


async def _examined(as_json: bool) -> list[Finding]:
    from linecard.doctor import examine

    found = []
    async for one in examine():
        found.append(one)
        if not as_json:
            _show(one)
    return found


def _show(one: Finding) -> None:
    outcome = one.outcome.value
    typer.secho(outcome.ljust(LONGEST_OUTCOME), fg=COLOURS[outcome], nl=False)
    about = f" {one.about}" if one.about else ""
    typer.echo(f"  {one.check}{about}: {one.says}")
    for line in one.do.splitlines():
        typer.echo(f"{'':<{LONGEST_OUTCOME}}    -> {line}")
