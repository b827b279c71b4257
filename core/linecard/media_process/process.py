"""What `linecard serve --role media` runs: one call, and then the end."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import structlog

from linecard.errors import ConfigurationError
from linecard.http.impatient import ImpatientWebSocket
from linecard.http.listener import listener_at
from linecard.listening import listening
from linecard.media_process.app import media_app
from linecard.media_process.linking import stay_linked
from linecard.media_process.pod import Place, Pod
from linecard.plugins import Plugins
from linecard.pods.environment import CONTROL, KEY, MEGABYTES, NAME, of_server
from linecard.settings import Secret

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from linecard.agents import Agents

log = structlog.get_logger()

CLOSE_SECONDS = 2.0
MEGABYTE = 1024 * 1024


def place_of(environment: Mapping[str, str], providers: Iterable[str]) -> Place:
    """What a pod is started with. Raises ConfigurationError for what is missing, and for what must not be there."""
    missing = [name for name in (NAME, KEY, CONTROL) if not environment.get(name)]
    if missing:
        raise ConfigurationError(f"--role media needs {', '.join(missing)}")
    servers = sorted(of_server(environment, providers))
    if servers:
        raise ConfigurationError(
            "--role media runs agents, which must not read the server's settings: "
            f"take {', '.join(servers)} out of its environment"
        )
    return Place(environment[NAME], Secret(environment[KEY]), environment[CONTROL])


def limit_memory(environment: Mapping[str, str]) -> None:
    """An agent that takes more than LINECARD_POD_MEGABYTES fails, before the machine does."""
    most = int(environment.get(MEGABYTES) or 0) * MEGABYTE
    if most:
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))


async def run(
    place: Place,
    plugins: Plugins,
    agents: Agents,
    listen: str,
    stopping: asyncio.Event,
    drain_seconds: float,
) -> None:
    """Carry one call that comes to `listen`, `HOST:PORT` or `unix:/PATH`, and return.

    When `stopping` is set, a call that is here goes on for `drain_seconds` at most. Raises OSError where it
    cannot listen, ConfigurationError where a plugin cannot run.
    """
    pod = Pod(place, plugins, agents)
    with structlog.contextvars.bound_contextvars(pod=place.name):
        async with _serving(pod, listen) as begun:
            await _until_done(pod, begun, stopping, drain_seconds)
            log.info("pod done", used=pod.is_used)


async def _begin(pod: Pod, app: Starlette, listen: str) -> None:
    """Plugins hear of the start once the server is there: a pod that says it is ready can take a call."""
    await pod.linked.wait()
    await pod.plugins.tell_and_wait("on_start", app=app)
    log.info("pod ready", listening=listen)


async def _until_done(
    pod: Pod, begun: asyncio.Task[None], stopping: asyncio.Event, drain_seconds: float
) -> None:
    """Raises ConfigurationError where a plugin cannot run."""
    done = asyncio.create_task(pod.done.wait())
    asked = asyncio.create_task(stopping.wait())
    try:
        ends = {done, asked}
        await asyncio.wait({*ends, begun}, return_when=asyncio.FIRST_COMPLETED)
        if begun.done():
            begun.result()
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        if not done.done() and pod.is_used:
            await asyncio.wait({done}, timeout=drain_seconds)
        if pod.live is not None and not pod.live.is_over:
            await pod.live.hang_up(reason="the server is stopping")
    finally:
        done.cancel()
        asked.cancel()


@asynccontextmanager
async def _serving(pod: Pod, listen: str) -> AsyncIterator[asyncio.Task[None]]:
    """Yields the task that begins the plugins."""
    app = media_app(pod)
    async with listening(listener_at(app, listen, ImpatientWebSocket)):
        link = asyncio.create_task(stay_linked(pod), name="link")
        begun = asyncio.create_task(_begin(pod, app, listen), name="begin")
        try:
            yield begun
        finally:
            begun.cancel()
            if pod.carries:
                await asyncio.wait(pod.carries, timeout=CLOSE_SECONDS)
            await pod.tasks.close(CLOSE_SECONDS)
            if pod.link is not None and not pod.link.is_lost:
                with suppress(TimeoutError):
                    async with asyncio.timeout(CLOSE_SECONDS):
                        await pod.link.flushed()
            await pod.plugins.tell_and_wait("on_stop")
            link.cancel()
            await asyncio.gather(link, return_exceptions=True)
            if pod.carrying is not None:
                await pod.carrying.ticker.close()
