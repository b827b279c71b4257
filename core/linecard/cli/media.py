"""What `linecard serve --role media` runs: a pod, as its environment says."""

from __future__ import annotations

import os

from linecard.agents import Agents
from linecard.cli.server import signals
from linecard.errors import ConfigurationError
from linecard.media_process.process import limit_memory, place_of, run
from linecard.plugins import Plugins


async def run_pod(listen: str, agents: list[str], drain_seconds: int) -> None:
    """Carry one call. Raises ConfigurationError where the process cannot be a pod."""
    stopping, _ = signals()
    plugins = Plugins.discover()
    place = place_of(os.environ, plugins.providers)
    limit_memory(os.environ)
    try:
        await run(place, plugins, Agents(agents), listen, stopping, drain_seconds)
    except OSError as error:
        raise ConfigurationError(f"cannot listen at {listen}: {error.strerror or error}") from error
