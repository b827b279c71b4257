"""A server that is started with a linecard.toml, for what stands in the file alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from linecard.exchange.context import Exchange
from linecard.exchange.lifecycle import build_exchange
from linecard.http.server import serving
from linecard.listening import free_port
from linecard.plugins import OtherPlugin, Plugins
from linecard.settings import load_settings
from linecard.testing.laid_out import lay_out
from tests.calls.telephone import KEY

ACCOUNT = """
[accounts.main]
provider = "plivo"
auth_id = "MAXXXXXXXXXXXXXXXXXX"
auth_token = "secret-token-of-the-file"
"""


@asynccontextmanager
async def started_with(folder: Path, text: str, *others: OtherPlugin) -> AsyncIterator[Exchange]:
    """A server with this file, an account, and more plugins; its database is there at the next start."""
    path = folder / "linecard.toml"
    path.write_text(text + ACCOUNT)
    environment = {
        "LINECARD_PUBLIC_URL": "http://127.0.0.1:1",
        "LINECARD_DATABASE_URL": lay_out(folder / "linecard.db"),
        "LINECARD_API_KEY": KEY,
        "LINECARD_SECRET": "s" * 40,
    }
    plugins = Plugins.discover()
    for plugin in others:
        plugins.add(plugin)
    classes = {name: one.cls for name, one in plugins.providers.items()}
    exchange = build_exchange(load_settings(environment, classes, str(path)), plugins, ())
    async with serving(exchange, "127.0.0.1", free_port()):
        yield exchange
