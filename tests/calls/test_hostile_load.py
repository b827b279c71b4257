"""Hostile peers of every kind at once, and calls that lose no frame by it."""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.calls import strange_agents
from tests.calls.signed import Line, Plivo, media
from tests.calls.telephone import telephone

FRAME = 320
FRAMES = 75
"""At least; a second and a half of audio."""
FRAME_SECONDS = 0.02
CALLS = 4
OVERSIZED = "x" * (256 * 1024 + 1)
MALFORMED = ("{", "null", "[" * 2000, b"\xff\xfe", '{"event":"media"}', '{"event":7}')


@pytest.fixture(params=["lean", "asgi"])
async def plivo(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Plivo]:
    agents = ("tests.calls.strange_agents:Listener",)
    async with telephone(tmp_path, agents=agents, media_lane=request.param) as world:
        await world.register(agent="Listener", channels=1000)
        yield Plivo.of(world)


async def opened(plivo: Plivo, stack: AsyncExitStack) -> tuple[Line, ClientConnection]:
    """A call whose agent listens."""
    line = await Line.ring(plivo)
    ws = await stack.enter_async_context(line.connect())
    await ws.send(line.start("s1"))
    await plivo.world.eventually(lambda: line.call_id in strange_agents.LISTENERS)
    return line, ws


async def speak(plivo: Plivo, line: Line, ws: ClientConnection, until: asyncio.Event) -> None:
    """A caller who talks in real time, and is heard whole and in order."""
    noise = random.Random(line.call_id)
    said, heard = list[bytes](), strange_agents.HEARD[line.call_id]
    while not until.is_set():
        said.append(noise.randbytes(FRAME))
        await ws.send(media("s1", said[-1]))
        await asyncio.sleep(FRAME_SECONDS)
    await plivo.world.eventually(lambda: len(heard) >= len(said))
    assert heard == said
    assert len(said) > FRAMES
    assert ws.close_code is None


async def garble(ws: ClientConnection) -> None:
    """Sends what cannot be read, without an end, and now and then a frame: silence would be noticed."""
    while True:
        for one in (*MALFORMED, media("s1", b"\0" * FRAME)):
            await ws.send(one)
        await asyncio.sleep(0.001)


async def hurry(ws: ClientConnection) -> None:
    """Speaks five times as fast as one can."""
    while True:
        await ws.send(media("s1", b"\0" * FRAME))
        await asyncio.sleep(FRAME_SECONDS / 5)


async def overfill(line: Line) -> None:
    """Opens socket after socket and sends on each what is too large."""
    while True:
        async with line.connect() as ws:
            try:
                await ws.send(OVERSIZED)
                await ws.recv()
            except ConnectionClosed:
                await asyncio.sleep(0.05)


async def stay_silent(plivo: Plivo, number: int, stack: AsyncExitStack) -> None:
    """Opens sockets that never say anything; one line may have many, as none has begun."""
    line = await Line.ring(plivo)
    headers = line.headers()
    for _ in range(number):
        silent = connect(line.url, additional_headers=headers, proxy=None, ping_interval=None)
        await stack.enter_async_context(silent)


async def stop_halfway(plivo: Plivo, number: int, stack: AsyncExitStack) -> None:
    """Opens connections that stop in the middle of a request, or of a message."""
    port = int(plivo.world.url.rpartition(":")[2])
    for _ in range(number):
        half = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
        half.sendall(b"GET /ws/plivo/x HTTP/1.1\r\nhost: x\r\nupgr")
    for _ in range(2):
        _, ws = await opened(plivo, stack)
        ws.transport.write(b"\x81\xfe\x01\x40" + b"\0" * 30)


@pytest.mark.parametrize("silent", [150, pytest.param(1000, marks=pytest.mark.crowd)])
async def test_hostile_peers_cost_live_calls_no_frame(plivo: Plivo, silent: int) -> None:
    enough = asyncio.Event()
    async with AsyncExitStack() as stack:
        talking = [
            asyncio.create_task(speak(plivo, *await opened(plivo, stack), enough))
            for _ in range(CALLS)
        ]
        hostile = [
            asyncio.create_task(garble((await opened(plivo, stack))[1])),
            asyncio.create_task(hurry((await opened(plivo, stack))[1])),
            asyncio.create_task(overfill(await Line.ring(plivo))),
        ]
        await stop_halfway(plivo, 20, stack)
        await stay_silent(plivo, silent, stack)
        await asyncio.sleep(FRAMES * FRAME_SECONDS)
        assert not [task for task in hostile if task.done()]
        enough.set()
        await asyncio.gather(*talking)
        for task in hostile:
            task.cancel()
        await asyncio.gather(*hostile, return_exceptions=True)
