"""Keys with scopes: what each may do, on every route, plugins' own included."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from fastapi import APIRouter, WebSocket

from linecard import hookimpl
from linecard.errors import ConfigurationError
from linecard.http.api.scopes import CLOSED, NAME, NEEDED
from linecard.plugins import OtherPlugin, Plugins
from linecard.settings.keys import Scope
from tests.calls.lines import NUMBERS
from tests.calls.problems import refused
from tests.calls.rows import row_counts
from tests.calls.telephone import KEY, Telephone, telephone

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEYS = {
    Scope.READ: "read-key-0123456789abcdef",
    Scope.CALL: "call-key-0123456789abcdef",
    Scope.ADMIN: "admin-key-0123456789abcdef",
}
SETTING = ",".join([KEY, *(f"{scope}:{key}" for scope, key in KEYS.items())])
PLUGINS_OWN = {
    ("GET", "/desk"): CLOSED,
    ("POST", "/desk/{lead}"): Scope.CALL,
    ("GET", "/desk/deep/down"): CLOSED,
    **dict.fromkeys(
        [
            ("GET", "/leads"),
            ("GET", "/leads/{lead_id}"),
            ("GET", "/campaigns"),
            ("GET", "/campaigns/{campaign_id}"),
            ("GET", "/campaigns/{campaign_id}/leads.csv"),
            ("GET", "/campaigns/{campaign_id}/report"),
            ("GET", "/campaigns/{campaign_id}/report.svg"),
        ],
        Scope.READ,
    ),
    **dict.fromkeys(
        [
            ("POST", "/leads"),
            ("POST", "/leads/{lead_id}/cancel"),
            ("POST", "/campaigns"),
            ("PATCH", "/campaigns/{campaign_id}"),
            ("POST", "/campaigns/{campaign_id}/leads.csv"),
            *(("POST", f"/campaigns/{{campaign_id}}/{do}") for do in ("pause", "resume", "stop")),
        ],
        Scope.CALL,
    ),
}


class Leads:
    """A plugin with routes that say what they need, and some that do not."""

    @hookimpl
    def routes(self) -> Sequence[object]:
        router, deep = APIRouter(prefix="/desk"), APIRouter(prefix="/deep")

        @router.get("")
        async def leads() -> list[str]:
            return ["anna"]

        @router.post("/{lead}", openapi_extra={NAME: "call"})
        async def ring(lead: str) -> str:
            return lead

        @deep.get("/down")
        async def down() -> str:
            return "deep"

        @router.websocket("/live")
        async def live(socket: WebSocket) -> None:
            await socket.accept()
            await socket.close()

        router.include_router(deep)
        return [router]


def with_leads(plugin: object) -> Plugins:
    plugins = Plugins.discover()
    plugins.add(OtherPlugin("leads", plugin, "linecard-leads", "1.0"))
    return plugins


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Telephone]:
    folder = tmp_path_factory.mktemp("world")
    plugins = with_leads(Leads())
    async with telephone(folder, "exotel", plugins=plugins, api_key=SETTING) as running:
        yield running


@asynccontextmanager
async def holding(world: Telephone, key: str) -> AsyncIterator[httpx2.AsyncClient]:
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx2.AsyncClient(base_url=world.url, headers=headers) as client:
        yield client


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def described(world: Telephone) -> Mapping[tuple[str, str], Mapping[str, Any]]:
    paths = (await world.api.get("/api/openapi.json")).json()["paths"]
    return {
        (method.upper(), path): operation
        for path, methods in paths.items()
        for method, operation in methods.items()
    }


async def test_every_route_stands_in_the_table_and_says_what_it_needs(
    described: Mapping[tuple[str, str], Mapping[str, Any]],
) -> None:
    assert CLOSED is Scope.ADMIN
    assert described.keys() == NEEDED.keys() | PLUGINS_OWN.keys()
    for route, needs in {**NEEDED, **PLUGINS_OWN}.items():
        assert described[route].get(NAME, CLOSED) == needs, route


@pytest.mark.parametrize("held", list(Scope))
async def test_every_route_is_shut_to_a_key_of_less(
    world: Telephone, described: Mapping[tuple[str, str], Mapping[str, Any]], held: Scope
) -> None:
    """Bodies that nobody could read and ids that are not there: what may pass is refused otherwise."""
    before = await row_counts(world)
    async with holding(world, KEYS[held]) as client:
        for (method, path), needs in {**NEEDED, **PLUGINS_OWN}.items():
            place = "/api" + re.sub(r"\{.*?\}", "0", path)
            answer = await client.request(method, place, content="{")
            if held.covers(needs):
                assert answer.status_code not in (401, 403), (method, path)
            else:
                assert refused(answer, 403)["scope"] == needs, (method, path)
                assert str(needs) in answer.json()["detail"]
    assert await row_counts(world) == before
    assert len(described) == len(NEEDED) + len(PLUGINS_OWN)


async def test_a_key_without_a_scope_may_do_everything(world: Telephone) -> None:
    assert (await world.api.get("/api/desk")).json() == ["anna"]


async def test_what_no_table_knows_is_shut_to_lesser_keys(world: Telephone) -> None:
    refused(await world.api.get("/api/nothing"), 404)
    refused(await world.api.put("/api/calls"), 405)
    async with holding(world, KEYS[Scope.READ]) as reader:
        refused(await reader.get("/api/nothing"), 403)
        refused(await reader.put("/api/calls"), 403)
        refused(await reader.get("/api//numbers"), 403)
        assert (await reader.get("/metrics")).status_code == 200
    async with holding(world, f"read:{KEYS[Scope.READ]}") as written:
        refused(await written.get("/api/calls"), 401)


async def test_proofs_are_shown_to_an_admin_alone(world: Telephone) -> None:
    ours = NUMBERS["exotel"][0]
    made = await world.register(number=ours)
    pasted = [step["paste"] for step in made["setup"] if step["paste"]]
    proof = re.search(r"x=([^&]+)", " ".join(pasted))
    assert proof is not None
    for held in (Scope.READ, Scope.CALL):
        async with holding(world, KEYS[held]) as client:
            one = await client.get(f"/api/numbers/{ours}")
            listed = await client.get("/api/numbers")
        assert one.json()["setup"] is None
        assert listed.json()["items"][0]["setup"] is None
        assert proof[1] not in one.text + listed.text
    async with holding(world, KEYS[Scope.ADMIN]) as admin:
        assert (await admin.get(f"/api/numbers/{ours}")).json()["setup"] == made["setup"]


@pytest.mark.parametrize(
    ("key", "status"), [("none", 403), (KEYS[Scope.READ], 403), (KEYS[Scope.ADMIN], 101)]
)
async def test_a_socket_of_a_plugin_wants_a_key_too(
    world: Telephone, key: str, status: int
) -> None:
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Authorization": f"Bearer {key}",
    }
    async with (
        httpx2.AsyncClient(base_url=world.url) as client,
        client.stream("GET", "/api/desk/live", headers=upgrade) as answer,
    ):
        assert answer.status_code == status


async def test_a_scope_that_is_none_stops_the_start(tmp_path: Path) -> None:
    class Wrong:
        @hookimpl
        def routes(self) -> Sequence[object]:
            router = APIRouter()
            router.add_api_route("/wrong", lambda: None, openapi_extra={NAME: "root"})
            return [router]

    with pytest.raises(ConfigurationError, match="'root'; there are read, call, admin"):
        async with telephone(tmp_path, plugins=with_leads(Wrong())):
            pass
