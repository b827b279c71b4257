"""`linecard replay`: a recorded call through today's code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def replay(
    file: Annotated[Path, typer.Argument(help="A file of LINECARD_FLIGHT_DIR.")],
    log: Annotated[bool, typer.Option("--log", help="Show what the replayed server logs.")] = False,
) -> None:
    """Run a recorded call through today's code and show what would be different; 1 if anything would."""
    import logging

    from linecard.errors import LinecardError
    from linecard.logs import configure
    from linecard.replay import replay as run

    configure(json=False, level=logging.INFO if log else logging.CRITICAL)
    try:
        report = run(file)
    except OSError as error:
        raise LinecardError(f"{file} cannot be read: {error.strerror}") from error
    for line in report.lines():
        typer.echo(line)
    raise typer.Exit(0 if report.is_same else 1)
