"""Who may link: whoever has the pods' key, and one of a name."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from linecard.listening import free_port
from linecard.testing.telephone import Telephone, telephone

NAME = "pod-1"


async def _link(world: Telephone, port: int, name: str = NAME, key: str = "") -> ClientConnection:
    key = key or world.exchange.tokens.pod_keys.reveal()
    headers = {"Authorization": f"Bearer {key}"}
    return await connect(
        f"ws://127.0.0.1:{port}/pods/link?pod={name}", additional_headers=headers, proxy=None
    )


async def test_of_many_that_come_at_once_with_one_name_one_is_linked(tmp_path: Path) -> None:
    port = free_port()
    async with telephone(tmp_path, "plivo", control_port=port) as world:
        tried = await asyncio.gather(
            *(_link(world, port) for _ in range(8)), return_exceptions=True
        )
        linked = [one for one in tried if isinstance(one, ClientConnection)]
        assert len(linked) == 1
        assert all(isinstance(one, InvalidStatus) for one in tried if one not in linked)
        assert list(world.exchange.pods) == [NAME]
        await linked[0].close()
        await world.eventually(lambda: not world.exchange.pods)
        again = await _link(world, port)
        assert list(world.exchange.pods) == [NAME]
        await again.close()


@pytest.mark.parametrize(("name", "key"), [(NAME, "x" * 43), ("..%2fpod", ""), ("", "")])
async def test_others_are_not(tmp_path: Path, name: str, key: str) -> None:
    port = free_port()
    async with telephone(tmp_path, "plivo", control_port=port) as world:
        with pytest.raises(InvalidStatus):
            await _link(world, port, name, key)
        assert not world.exchange.pods


async def test_a_pod_of_this_machine_links_as_no_other(tmp_path: Path) -> None:
    port = free_port()
    async with telephone(tmp_path, "plivo", control_port=port) as world:
        own = world.exchange.tokens.keys_of_pod(NAME).reveal()
        with pytest.raises(InvalidStatus):
            await _link(world, port, "pod-2", own)
        await (await _link(world, port, NAME, own)).close()


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"path": 5},
        {"path": "/\u20ac"},
        {"headers": [["a"]]},
        {"headers": [["a", "b"]] * 1000},
        {"provider": "x" * 1000},
        {"client": "us"},
    ],
)
async def test_a_handshake_is_one(tmp_path: Path, facts: dict[str, object]) -> None:
    port = free_port()
    whole = {"provider": "plivo", "token": "t", "path": "/", "query": "", "headers": []}
    asked = whole | facts if facts else facts
    async with telephone(tmp_path, "plivo", control_port=port) as world:
        link = await _link(world, port)
        await link.send(json.dumps(["ask", 1, "admit", asked]))
        kind, _, fault = json.loads(await link.recv())
        assert (kind, fault["kind"]) == ("no", "InvalidField")
        await link.send(json.dumps(["ask", 2, "admit", whole]))
        kind, _, fault = json.loads(await link.recv())
        assert (kind, fault["kind"]) == ("no", "RequestRefused")
        await link.close()
