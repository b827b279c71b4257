"""The server as a plugin holds it: it dials through the gate, paced, and hears when to try again."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

import linecard
from linecard.errors import ConfigurationError
from linecard.plugins import Plugins
from linecard.plugins.discovery import OtherPlugin
from linecard.simulator.ledger import What
from tests.calls.faulty import fault
from tests.calls.telephone import CUSTOMER, OURS, names, telephone


class Holder:
    """Keeps what it is given."""

    server: linecard.Server

    @linecard.hookimpl
    async def on_start(self, app: Any) -> None:
        self.server = app.state.linecard


class Unfit:
    """Cannot run as it is set up."""

    @linecard.hookimpl
    async def on_start(self, app: object) -> None:
        raise ConfigurationError("install something newer")


def with_plugin(plugin: object) -> Plugins:
    plugins = Plugins.discover()
    plugins.add(OtherPlugin("holder", plugin, "tests", "0"))
    return plugins


async def test_paced_calls_keep_to_what_the_carrier_gives(tmp_path: Path) -> None:
    holder = Holder()
    async with telephone(tmp_path, plugins=with_plugin(holder)) as world:
        await world.register()
        wishes = [
            linecard.DialRequest(from_=OURS, to=f"+1415555{n:04}", paced=True)
            for n in range(2000, 2006)
        ]
        said = await asyncio.gather(*map(holder.server.dial, wishes), return_exceptions=True)
        refused = [one for one in said if isinstance(one, linecard.LimitReached)]
        assert len(refused) == 4, said
        assert all(one.retry_after and 0 < one.retry_after < 1.1 for one in refused)
        assert len(world.carrier.ledger.all(What.QUEUED)) == 2
        await asyncio.sleep(max(one.retry_after or 0 for one in refused))
        assert isinstance(await holder.server.dial(wishes[-1]), linecard.Call)


async def test_a_refusal_stands_on_the_record_as_certain(tmp_path: Path) -> None:
    holder = Holder()
    async with telephone(tmp_path, plugins=with_plugin(holder)) as world:
        await world.register()
        with fault(world, too_many_requests=1):
            call = await world.dial(CUSTOMER)
            ended = await world.ended(call["id"])
        assert ended["status"] == "failed"
        line = next(event for event in ended["events"] if event["name"] == "dial-refused")
        assert line["facts"]["status"] == 429, line
        assert names(ended).index("dial-refused") < names(ended).index("leg-ended")
        assert world.carrier.ledger.dials(CUSTOMER) == 0


async def test_what_else_a_plugin_may_ask(tmp_path: Path) -> None:
    holder = Holder()
    async with telephone(tmp_path, plugins=with_plugin(holder)) as world:
        await world.register()
        server = holder.server
        clear = await server.open_gate()
        assert clear(CUSTOMER) == CUSTOMER
        with pytest.raises(linecard.GateRefused):
            clear("+442079460000", "to")
        server.check_agent("echo", "agent")
        with pytest.raises(linecard.InvalidField):
            server.check_agent("nobody", "agent")
        assert server.facts("plivo", "main").calls_per_second == 2
        assert ("plivo", "main") in await server.costs(CUSTOMER)
        assert server.instance


async def test_a_plugin_that_cannot_run_as_it_is_set_up_keeps_the_server_from_starting(
    tmp_path: Path,
) -> None:
    with pytest.raises(ConfigurationError, match="something newer"):
        async with telephone(tmp_path, plugins=with_plugin(Unfit())):
            pass
