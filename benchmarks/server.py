"""The product's server for the load generator, on loopback alone.

`python -m benchmarks.server PORT [--lane lean|asgi] [--agent echo|iterating] [--database URL]`
prints `ready` when it serves `/ws/plivo/bench`, `/ws/twilio/bench` and the signed webhooks.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import tempfile

import uvloop

from benchmarks.unsigned import OURS, open_doors
from linecard import logs
from linecard.exchange.context import Exchange
from linecard.exchange.lifecycle import build_exchange
from linecard.http.server import serving
from linecard.numbers import Number
from linecard.plugins import Plugins
from linecard.settings import load_settings
from linecard.store import numbers
from linecard.tokens import new_id

HOST = "127.0.0.1"
PLIVO_ID, PLIVO_TOKEN = "MABBBBBBBBBBBBBBBBBB", "b" * 40
TWILIO_ID = "AC" + "0" * 32
"""What the load generator says in its opening messages."""
AGENTS = {"echo": (), "iterating": ("benchmarks.agents:iterating",)}


def main() -> None:
    """Serve until killed."""
    asked = _arguments()
    logs.configure(json=True, level=logging.ERROR)
    open_doors(asked.agent)
    with tempfile.TemporaryDirectory() as folder:
        database = asked.database or f"sqlite:///{folder}/bench.db"
        exchange = _exchange(asked.port, asked.lane, asked.agent, database)
        uvloop.run(_serve(exchange, asked.port, asked.agent))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("--lane", choices=("lean", "asgi"), default="lean")
    parser.add_argument("--agent", choices=tuple(AGENTS), default="echo")
    parser.add_argument("--database")
    return parser.parse_args()


def _exchange(port: int, lane: str, agent: str, database: str) -> Exchange:
    plugins = Plugins.discover()
    environment = {
        "LINECARD_PUBLIC_URL": f"http://{HOST}:{port}",
        "LINECARD_DATABASE_URL": database,
        "LINECARD_API_KEY": "benchmark-key-0123456789",
        "LINECARD_SECRET": "s" * 40,
        "LINECARD_RECORDINGS": "off",
        "LINECARD_MEDIA_LANE": lane,
        "LINECARD_MAX_LIVE_CALLS": "100000",
        "PLIVO_AUTH_ID": PLIVO_ID,
        "PLIVO_AUTH_TOKEN": PLIVO_TOKEN,
        "TWILIO_ACCOUNT_SID": TWILIO_ID,
        "TWILIO_AUTH_TOKEN": "t" * 32,
    }
    classes = {name: one.cls for name, one in plugins.providers.items()}
    return build_exchange(load_settings(environment, classes, None), plugins, AGENTS[agent])


async def _serve(exchange: Exchange, port: int, agent: str) -> None:
    async with serving(exchange, HOST, port):
        await _register(exchange, agent)
        # As `linecard serve` does it.
        gc.collect()
        gc.freeze()
        print("ready", flush=True)
        await asyncio.Event().wait()


async def _register(exchange: Exchange, agent: str) -> None:
    """The number that calls come in on."""
    number = Number(
        id=new_id(), number=OURS, provider="plivo", account="main", agent=agent, channels=1000
    )
    async with exchange.database.write() as conn:
        await numbers.add(conn, number)


if __name__ == "__main__":
    main()
