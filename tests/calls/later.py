"""`linecard serve` on a machine where it is later: `python -m tests.calls.later AHEAD SPEED PORT AGENT DRAIN`.

AHEAD: seconds by which its clock is ahead of ours. SPEED: of the clock of its calls, as that of the worlds
of other tests; the time of day is never faster than life.
"""

from __future__ import annotations

import asyncio
import sys
import time
from datetime import UTC, datetime, timedelta

import uvloop

from linecard.cli.server import Ports, run
from linecard.clock import Clock
from linecard.exchange.lifecycle import build_exchange
from linecard.logs import configure
from linecard.plugins import Plugins
from linecard.settings import from_here
from linecard.wall import replaced_by


def serve(ahead: float, speed: float, port: int, agent: str, drain: float) -> None:
    """Serve until a signal comes."""
    real = time.time
    time.time = lambda: real() + ahead
    configure(json=True)
    plugins = Plugins.discover()
    classes = {name: provider.cls for name, provider in plugins.providers.items()}
    exchange = build_exchange(from_here(classes), plugins, [agent], Clock(speed))
    late = timedelta(seconds=ahead)
    with (
        replaced_by(lambda: datetime.now(UTC) + late),
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        runner.run(run(exchange, Ports("127.0.0.1", port), drain))


if __name__ == "__main__":
    ahead, speed, port, agent, drain = sys.argv[1:]
    serve(float(ahead), float(speed), int(port), agent, float(drain))
