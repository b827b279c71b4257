"""`linecard rates`: what each configured account charges toward a destination."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer


def rates(
    destination: Annotated[str, typer.Argument(help="A number or a prefix: +91.")],
    seconds: Annotated[
        int, typer.Option(min=1, max=14_400, help="How long the example call lasts.")
    ] = 180,
    record: Annotated[bool, typer.Option("--record", help="It is recorded.")] = False,
    machine: Annotated[
        bool, typer.Option("--machine", help="Answering machines are detected.")
    ] = False,
    transfer: Annotated[
        bool, typer.Option("--transfer", help="It is transferred: a second leg to there.")
    ] = False,
    conference: Annotated[
        bool, typer.Option("--conference", help="Caller and target meet in a conference.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="All of it as JSON.")] = False,
) -> None:
    """Compare what an example call costs with each account, the cheapest first, line by line.

    Prices come from the carriers' pricing APIs and from the lists that LINECARD_PRICES names.
    """
    from linecard.cli.assembly import assembled
    from linecard.cli.comparing import compared, show_comparison, show_json
    from linecard.pricing.example import Example

    example = Example(
        seconds=seconds, record=record, machine=machine, transfer=transfer, conference=conference
    )
    comparison = asyncio.run(compared(assembled([]), destination, example))
    (show_json if as_json else show_comparison)(comparison)
