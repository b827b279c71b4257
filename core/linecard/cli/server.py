"""What `linecard serve` runs: the server, until it is asked to stop."""

from __future__ import annotations

import asyncio
import gc
import signal
from contextlib import AsyncExitStack

import structlog

from linecard.errors import ConfigurationError
from linecard.exchange.context import Exchange
from linecard.exchange.draining import drain
from linecard.http.server import serving

log = structlog.get_logger()


async def run(
    exchange: Exchange,
    host: str,
    port: int,
    admin_port: int | None,
    drain_seconds: float,
    control: str | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM, then let live calls end; a second signal hangs them up.

    Raises ConfigurationError when it cannot start.
    """
    stopping, hurry = signals()
    async with AsyncExitStack() as stack:
        server = serving(exchange, host, port, admin_port, control)
        try:
            addresses = await stack.enter_async_context(server)
        except OSError as error:
            raise ConfigurationError(_cannot_listen(host, port, admin_port, error)) from error
        _settle_memory()
        _announce(exchange, addresses)
        await stopping.wait()
        log.info("stopping")
        await drain(exchange, drain_seconds, hurry)


def _settle_memory() -> None:
    """Take what was loaded at the start out of the collector's sight.

    A full collection of it stops every call for a tenth of a second.
    """
    gc.collect()
    gc.freeze()


def signals() -> tuple[asyncio.Event, asyncio.Event]:
    """Set by the first signal that asks the process to end, and by the second."""
    stopping, hurry = asyncio.Event(), asyncio.Event()

    def asked() -> None:
        (hurry if stopping.is_set() else stopping).set()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, asked)
    return stopping, hurry


def _cannot_listen(host: str, port: int, admin_port: int | None, error: OSError) -> str:
    ports = f"--port {port}" + ("" if admin_port is None else f" or --admin-port {admin_port}")
    return f"cannot listen on --host {host} with {ports}: {error.strerror or error}"


def _announce(exchange: Exchange, addresses: list[str]) -> None:
    log.info("serving", listening=addresses, public_url=exchange.settings.public_url)
    for skipped in exchange.plugins.skipped:
        log.warning("plugin skipped", plugin=skipped.name, reason=skipped.reason)
    for provider in exchange.plugins.providers:
        for account in exchange.plugins.accounts(provider):
            kind = exchange.plugins.api_kind(provider, account)
            log.info("account", provider=provider, account=account, api=kind)
