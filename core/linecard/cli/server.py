"""What `linecard serve` runs: the server, until it is asked to stop."""

from __future__ import annotations

import asyncio
import gc
import signal
from contextlib import AsyncExitStack
from dataclasses import dataclass

import structlog

from linecard.errors import ConfigurationError
from linecard.exchange.context import Exchange
from linecard.exchange.draining import drain
from linecard.http.server import serving

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the server listens; None: not at all.

    `internal` is for other processes on the same database, `control` for pods of other machines.
    """

    host: str
    public: int
    admin: int | None = None
    internal: int | None = None
    control: int | None = None

    def __str__(self) -> str:
        given = {
            "port": self.public,
            "admin-port": self.admin,
            "internal-port": self.internal,
            "control-port": self.control,
        }
        shown = " or ".join(f"--{name} {port}" for name, port in given.items() if port is not None)
        return f"--host {self.host} with {shown}"


async def run(exchange: Exchange, ports: Ports, drain_seconds: float) -> None:
    """Serve until SIGINT or SIGTERM, then let live calls end; a second signal hangs them up.

    Raises ConfigurationError when it cannot start.
    """
    _check_inside(exchange, ports)
    stopping, hurry = signals()
    async with AsyncExitStack() as stack:
        server = serving(
            exchange, ports.host, ports.public, ports.admin, ports.internal, ports.control
        )
        try:
            addresses = await stack.enter_async_context(server)
        except OSError as error:
            raise ConfigurationError(_cannot_listen(ports, error)) from error
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


def _check_inside(exchange: Exchange, ports: Ports) -> None:
    """Raise ConfigurationError where other processes are told of a listener that is not there, or not told of one."""
    if (ports.internal is None) is (exchange.settings.internal_url is None):
        return
    raise ConfigurationError(
        "--internal-port and LINECARD_INTERNAL_URL belong together: the URL is where other processes on "
        "the same database reach that port of this one"
    )


def _cannot_listen(ports: Ports, error: OSError) -> str:
    return f"cannot listen on {ports}: {error.strerror or error}"


def _announce(exchange: Exchange, addresses: list[str]) -> None:
    log.info("serving", listening=addresses, public_url=exchange.settings.public_url)
    for skipped in exchange.plugins.skipped:
        log.warning("plugin skipped", plugin=skipped.name, reason=skipped.reason)
    for provider in exchange.plugins.providers:
        for account in exchange.plugins.accounts(provider):
            kind = exchange.plugins.api_kind(provider, account)
            log.info("account", provider=provider, account=account, api=kind)
