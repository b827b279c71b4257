"""`linecard explain`: why a call went as it did."""

from __future__ import annotations

import json
from typing import Annotated
from urllib.parse import quote

import typer

from linecard.cli.remote import Url, ask


def explain(
    call: Annotated[str, typer.Argument(help="The id of a call: ours, or the carrier's own.")],
    as_json: Annotated[bool, typer.Option("--json", help="As the API gives it.")] = False,
    url: Url = None,
) -> None:
    """Say in plain sentences why a call went as it did, and what can be done about it."""
    import msgspec

    from linecard.explaining import Explanation, written

    told = ask("GET", f"/calls/{quote(call, safe='')}/explanation", url)
    if as_json:
        typer.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    for line in written(msgspec.convert(told, Explanation)):
        typer.echo(line)
