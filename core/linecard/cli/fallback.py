"""`linecard fallback write DIR`: documents that stand elsewhere, for when this server does not answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from linecard.errors import LinecardError, UnsupportedByProvider
from linecard.verbs import Hangup, Reason, Say

if TYPE_CHECKING:
    from linecard.exchange.context import Exchange

ENDINGS = {"xml": "xml", "json": "json"}

fallback = typer.Typer(no_args_is_help=True)


@fallback.callback()
def fallback_group() -> None:
    """Documents for when this server does not answer."""


@fallback.command()
def write(
    folder: Annotated[Path, typer.Argument(help="Where to write them; made where it is missing.")],
) -> None:
    """Write each carrier's apology as a file: what LINECARD_FALLBACK_URL should show.

    Put the file of your carrier where it is served while this server is not: a bucket, another region.
    """
    from linecard.cli.assembly import assembled

    exchange = assembled([])
    folder.mkdir(parents=True, exist_ok=True)
    for provider, name, body in documents(exchange):
        if body is None:
            typer.echo(f"{provider:10} {name}")
        else:
            (folder / name).write_bytes(body)
            typer.echo(f"{provider:10} {folder / name}")


def documents(exchange: Exchange) -> Iterator[tuple[str, str, bytes | None]]:
    """Provider, file name and content; without content, the reason why its carrier can have none."""
    verbs = [Say(text=exchange.settings.apology), Hangup()]
    for provider in sorted(exchange.plugins.providers):
        accounts = exchange.plugins.accounts(provider)
        if not accounts:
            continue
        hooks = exchange.plugins.relay(provider, accounts[0]).hooks
        try:
            made = hooks.answer(None, verbs, Reason.FALLBACK).reply
        except UnsupportedByProvider:
            yield (
                provider,
                "has no document that says something; set it in the carrier's flow",
                None,
            )
        except LinecardError as error:
            yield provider, str(error), None
        else:
            yield provider, f"{provider}.{_ending(made.content_type)}", made.body


def _ending(content_type: str) -> str:
    return next((end for word, end in ENDINGS.items() if word in content_type), "txt")
