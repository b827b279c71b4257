"""`linecard rates`: what each configured account charges toward a destination."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer


def rates(
    destination: Annotated[str, typer.Argument(help="A number or a prefix: +91.")],
) -> None:
    """Compare prices, each line with its pulse and its source."""
    from linecard.cli.assembly import assembled
    from linecard.cli.comparing import compare

    asyncio.run(compare(assembled([]), destination))
