"""`linecard campaign`: try a file of leads out, before anybody's telephone rings."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

campaign = typer.Typer(name="campaign", no_args_is_help=True, help="Outbound campaigns.")


@campaign.callback()
def _group() -> None:
    """Keeps `run` a command of its own while it is the only one."""


@campaign.command()
def run(
    file: Annotated[Path, typer.Argument(help="Leads in CSV, with a column `to`.")],
    agent: Annotated[
        str, typer.Option(help="Who talks: echo, greeter, or module:function.")
    ] = "greeter",
    provider: Annotated[
        str | None, typer.Option(help="Whose simulated carrier; default: the first installed.")
    ] = None,
    channels: Annotated[int, typer.Option(help="Live calls at most.", min=1, max=100)] = 10,
    attempts: Annotated[int, typer.Option(help="Calls to one lead at most.", min=1, max=10)] = 2,
    speed: Annotated[
        float, typer.Option(help="How many times as fast as life people talk.", min=1, max=20)
    ] = 8.0,
    out: Annotated[
        Path | None,
        typer.Option(file_okay=False, help="Where the leads and the report's picture go."),
    ] = None,
) -> None:
    """Run a whole campaign against a simulated carrier: nobody is called, and no account is needed.

    The people at the simulated telephones answer, are busy, away, or machines, each number always the
    same. The pace is the carrier's own; an hour between two attempts takes six seconds.
    """
    from linecard_campaigns.trying import Trial, try_out

    if not file.is_file():
        raise typer.BadParameter(f"{file} is not a file", param_hint="FILE")
    trial = Trial(
        file=file,
        agent=agent,
        provider=provider,
        channels=channels,
        attempts=attempts,
        speed=speed,
        out=out,
    )
    raise typer.Exit(0 if asyncio.run(try_out(trial)) else 1)
