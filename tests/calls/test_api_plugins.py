"""Routes and vetoes of plugins: the same key, the same problems, and no dial that one refuses."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import httpx2
import pytest
import pytest_asyncio
from fastapi import APIRouter

from linecard import Call, hookimpl
from linecard.errors import Conflict
from linecard.plugins import OtherPlugin, Plugins
from linecard.simulator.ledger import What
from tests.calls.problems import refused
from tests.calls.rows import row_counts
from tests.calls.telephone import OURS, Telephone, telephone

pytestmark = pytest.mark.asyncio(loop_scope="module")

UNWANTED = "+14155550195"


class Leads:
    """A plugin with routes of its own, and a number that it never calls."""

    @hookimpl
    def routes(self) -> Sequence[object]:
        router = APIRouter(prefix="/desk")

        @router.get("")
        async def leads() -> list[str]:
            return ["anna"]

        @router.get("/taken")
        async def taken() -> None:
            raise Conflict("anna is taken")

        @router.get("/broken")
        async def broken() -> None:
            raise ZeroDivisionError("secret +14155550195")

        return [router]

    @hookimpl
    async def may_dial(self, call: Call, connection: object) -> str | None:
        return "opted out" if call.to == UNWANTED else None


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Telephone]:
    plugins = Plugins.discover()
    plugins.add(OtherPlugin("leads", Leads(), "linecard-leads", "1.0"))
    async with telephone(tmp_path_factory.mktemp("world"), plugins=plugins) as running:
        await running.register()
        yield running


async def test_routes_of_a_plugin_stand_under_the_api(world: Telephone) -> None:
    assert (await world.api.get("/api/desk")).json() == ["anna"]
    refused(await world.api.get("/api/desk/taken"), 409)
    async with httpx2.AsyncClient(base_url=world.url) as stranger:
        refused(await stranger.get("/api/desk"), 401)
    described = (await world.api.get("/api/openapi.json")).json()["paths"]
    assert described["/desk"]["get"]["security"] == [{"HTTPBearer": []}]


async def test_a_fault_is_a_problem_that_tells_nothing_and_is_logged(
    world: Telephone, capsys: pytest.CaptureFixture[str]
) -> None:
    problem = refused(await world.api.get("/api/desk/broken"), 500)
    assert "secret" not in str(problem)
    said = "".join(capsys.readouterr())
    assert "fault in the API" in said
    assert "ZeroDivisionError" in said


async def test_a_veto_is_said_with_its_reason_and_nothing_is_written(world: Telephone) -> None:
    rows = await row_counts(world)
    answer = await world.api.post("/api/calls", json={"from": OURS, "to": UNWANTED})
    assert "leads: opted out" in refused(answer, 422, "to")["detail"]
    assert await row_counts(world) == rows
    assert world.carrier.ledger.all(What.REQUEST) == ()
    assert (await world.dial("+14155550196"))["status"] != "failed"
