"""The end of a call is told to a server that cannot reach the one with the agent."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from linecard.simulator.ledger import What
from tests.calls.lines import CARRIERS
from tests.calls.several import One, Several, several
from tests.calls.telephone import names
from tests.calls.test_rolling_restart import begin, end


async def has_agents(at: Several, one: One, count: int) -> bool:
    """Whether so many agents run in a server."""
    return await one.figure(at.api, "linecard_live_calls") == count


@pytest.mark.slow
@pytest.mark.parametrize("provider", CARRIERS)
async def test_an_end_that_stands_in_the_record_is_not_asked_about(
    tmp_path: Path, provider: str
) -> None:
    async with several(tmp_path, provider) as at, AsyncExitStack() as stack:
        old = await stack.enter_async_context(at.serving("old", is_reached=False))
        new = await stack.enter_async_context(at.serving("new"))
        at.router.places = [old.port]
        await at.register()
        await begin(at, 1)
        await at.until(lambda: has_agents(at, old, 1))
        asked = at.carrier.ledger.all(What.REQUEST)
        at.router.places = [new.port]
        end(at, 0, 1)
        await at.until(lambda: has_agents(at, old, 0), within=40)
        (call,) = await at.calls()
        assert at.carrier.ledger.all(What.REQUEST) == asked
    assert call["status"] == "completed"
    assert names(call).count("leg-ended") == 1
