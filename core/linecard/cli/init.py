"""`linecard init`: a linecard.toml with fresh secrets."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from linecard.settings import write_config


def init(
    path: Annotated[Path, typer.Argument(help="Where to write it.")] = Path("linecard.toml"),
) -> None:
    """Write a linecard.toml with fresh secrets; an existing file is never touched."""
    write_config(path)
    typer.echo(f"{path} is written; set public_url and an account in it")
