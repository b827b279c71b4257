"""Media sockets of calls that belong to another process: passed on as they are, on either lane."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import InvalidMessage

from linecard.tokens import StreamClaims
from tests.calls.signed import Line, Plivo, refusal
from tests.calls.telephone import telephone

LANES = ["lean", "asgi"]


@asynccontextmanager
async def another(paths: list[str]) -> AsyncIterator[str]:
    """Another process, which says what it was told; its address."""

    async def listen(socket: ServerConnection) -> None:
        assert socket.request is not None
        paths.append(socket.request.path)
        async for message in socket:
            await socket.send(f"there: {message!r}")

    async with serve(listen, "127.0.0.1", 0) as server:
        (listener,) = server.sockets
        yield f"127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize("lane", LANES)
async def test_a_socket_goes_where_its_call_is(lane: str, tmp_path: Path) -> None:
    """The handshake is answered there, and nothing of it is judged or written here."""
    paths: list[str] = []
    asked: list[StreamClaims] = []
    async with telephone(tmp_path, media_lane=lane) as world, another(paths) as address:

        async def ask(given: StreamClaims) -> str | None:
            asked.append(given)
            return address

        await world.register()
        line = await Line.ring(Plivo.of(world))
        world.exchange.elsewhere.also_ask(ask)
        async with connect(line.url, compression=None, proxy=None) as socket:
            await socket.send("hello")
            assert await socket.recv() == "there: 'hello'"
            assert world.exchange.elsewhere.carried == 1
            await socket.send("x" * 200_000)
            assert len(await socket.recv()) > 200_000
        await world.eventually(lambda: world.exchange.elsewhere.carried == 0)
        assert [one.call for one in asked] == [line.call_id]
        assert paths == [line.url.removeprefix(world.url.replace("http", "ws"))]
        assert "stream-started" not in [one["name"] for one in (await line.call())["events"]]


@pytest.mark.parametrize("lane", LANES)
@pytest.mark.parametrize("answer", [None, "127.0.0.1:9"])
async def test_a_socket_of_nobody_else_or_of_one_who_is_gone_is_judged_here(
    answer: str | None, lane: str, tmp_path: Path
) -> None:
    """Believed or refused as ever."""

    async def ask(_given: StreamClaims) -> str | None:
        return answer

    async with telephone(tmp_path, media_lane=lane) as world:
        await world.register()
        line = await Line.ring(Plivo.of(world))
        world.exchange.elsewhere.also_ask(ask)
        assert await refusal(connect(line.url, compression=None, proxy=None)) == 403
        async with line.connect() as socket:
            await socket.send(line.start("s1"))
            call = await world.until(
                line.call_id, lambda one: "stream-started" in [it["name"] for it in one["events"]]
            )
            assert call["status"] == "in-progress"
        await line.hang_up()


@pytest.mark.parametrize("lane", LANES)
async def test_only_tokens_of_ours_are_asked_about(lane: str, tmp_path: Path) -> None:
    asked: list[StreamClaims] = []

    async def ask(given: StreamClaims) -> str | None:
        asked.append(given)
        return "127.0.0.1:9"

    async with telephone(tmp_path, media_lane=lane) as world:
        world.exchange.elsewhere.also_ask(ask)
        for path in ("/ws/plivo/forged.token", "/ws/plivo", "/elsewhere"):
            opening = connect(world.url.replace("http", "ws") + path, proxy=None)
            assert await refusal(opening) in (403, 404)
    assert asked == []


@pytest.mark.parametrize("lane", LANES)
async def test_a_process_that_dies_ends_the_sockets_that_went_to_it(
    lane: str, tmp_path: Path
) -> None:
    """The carrier then asks what comes next, and is answered here."""

    async def dies(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.abort()

    async with telephone(tmp_path, media_lane=lane) as world:
        await world.register()
        line = await Line.ring(Plivo.of(world))
        server = await asyncio.start_server(dies, "127.0.0.1", 0)
        address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"

        async def ask(_given: StreamClaims) -> str | None:
            return address

        world.exchange.elsewhere.also_ask(ask)
        with pytest.raises((InvalidMessage, OSError)):
            async with connect(line.url, proxy=None):
                pass
        await world.eventually(lambda: world.exchange.elsewhere.carried == 0)
        server.close()
        await server.wait_closed()
