"""`linecard serve`: the server."""

from __future__ import annotations

import asyncio
import signal
from typing import Annotated

import structlog
import typer

from linecard.cli.assembly import assembled
from linecard.exchange.context import Exchange
from linecard.http.server import serving
from linecard.logs import configure

log = structlog.get_logger()


def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535)] = 8080,
    agent: Annotated[
        list[str] | None, typer.Option(help="[NAME=]module:function; may be given several times.")
    ] = None,
    admin_port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="A listener of its own for /api and /metrics."),
    ] = None,
    strict_plugins: Annotated[
        bool, typer.Option("--strict-plugins", help="Refuse to start with a broken plugin.")
    ] = False,
    log_format: Annotated[str, typer.Option(help="json or console.")] = "json",
) -> None:
    """Answer carriers and run voice agents."""
    if log_format not in ("json", "console"):
        raise typer.BadParameter("json or console", param_hint="--log-format")
    configure(json=log_format == "json")
    exchange = assembled(agent or [], strict=strict_plugins)
    asyncio.run(run(exchange, host, port, admin_port))


async def run(exchange: Exchange, host: str, port: int, admin_port: int | None) -> None:
    """Serve until SIGINT or SIGTERM."""
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    async with serving(exchange, host, port, admin_port) as addresses:
        _announce(exchange, addresses)
        await stopping.wait()


def _announce(exchange: Exchange, addresses: list[str]) -> None:
    log.info("serving", listening=addresses, public_url=exchange.settings.public_url)
    for skipped in exchange.plugins.skipped:
        log.warning("plugin skipped", plugin=skipped.name, reason=skipped.reason)
    for provider in exchange.plugins.providers:
        for account in exchange.plugins.accounts(provider):
            kind = exchange.plugins.api_kind(provider, account)
            log.info("account", provider=provider, account=account, api=kind)
