"""`linecard demo`: two whole calls over a simulated carrier; needs no settings."""

from __future__ import annotations

import asyncio
import io
import sys
from pathlib import Path
from typing import Annotated

import typer


def demo(
    provider: Annotated[
        str | None, typer.Option(help="Whose simulated carrier; default: the first installed.")
    ] = None,
    out: Annotated[
        Path, typer.Option(file_okay=False, help="Where the sound and the pages go.")
    ] = Path(),
    fast: Annotated[bool, typer.Option("--fast", help="Eight times as fast as life.")] = False,
    enhance: Annotated[
        str | None, typer.Option(help="Takes the noise out of both calls: rnnoise, aic.")
    ] = None,
    pods: Annotated[
        int, typer.Option(min=0, help="Carries each call in a process of its own, so many wait.")
    ] = 0,
    fault: Annotated[
        list[str] | None,
        typer.Option(help="NAME=CHANCE: let the carrier misbehave, as in recording_lost=1."),
    ] = None,
) -> None:
    """Play an outbound and an inbound call, and check that everything in them happened."""
    from linecard.demo.running import FAST, run
    from linecard.demo.terminal import Terminal

    out.mkdir(parents=True, exist_ok=True)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    faults = dict(_fault(text) for text in fault or ())
    speed = FAST if fast else 1.0
    happened = asyncio.run(run(provider, out, speed, faults, Terminal(), enhance, pods))
    raise typer.Exit(0 if happened else 1)


def _fault(text: str) -> tuple[str, float]:
    name, _, chance = text.partition("=")
    try:
        return name, float(chance or 1)
    except ValueError as error:
        raise typer.BadParameter(
            f"{text!r} is not NAME=CHANCE, such as callback_drop=0.5"
        ) from error
