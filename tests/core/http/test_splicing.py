"""Connections passed on: every byte, both ways, no more in memory than is taken, and each end in its turn."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
import uvloop

from linecard.http import splicing
from linecard.http.splicing import OpenFar, far_at, splice

LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio": asyncio.SelectorEventLoop,
    "uvloop": uvloop.new_event_loop,
}
MUCH = 64 * 1024 * 1024
FEW = 8 * 1024 * 1024
"""More than the sockets of two connections and our own buffers hold."""

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Test = Callable[[Path], Coroutine[Any, Any, None]]


@pytest.fixture(params=sorted(LOOPS))
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Test], None]:
    """Runs a test on one of the loops."""

    def on_loop(test: Test) -> None:
        async def in_time() -> None:
            async with asyncio.timeout(30):
                await test(tmp_path)

        with asyncio.Runner(loop_factory=LOOPS[request.param]) as runner:
            runner.run(in_time())

    return on_loop


@dataclass(slots=True)
class Middle:
    """The process in the middle: it reads the first bytes of each connection, and passes it on."""

    address: str = ""
    ended: list[BaseException | None] = field(default_factory=list)
    fars: list[asyncio.Transport] = field(default_factory=list)
    served_here: list[asyncio.Transport] = field(default_factory=list)
    is_over: asyncio.Event = field(default_factory=asyncio.Event)

    async def pass_on(self, near: asyncio.Transport, first: bytes, open_far: OpenFar) -> None:
        async def noted(protocol: Callable[[], asyncio.Protocol]) -> Any:
            far = await open_far(protocol)
            self.fars.append(cast(asyncio.Transport, far[0]))
            return far

        try:
            await splice(near, first, noted)
            self.ended.append(None)
        except OSError as error:
            self.ended.append(error)
            near.write(b"here: " + first)
            near.close()
        self.is_over.set()


class Reading(asyncio.Protocol):
    """Reads once, and hands its connection over."""

    def __init__(self, middle: Middle, open_far: OpenFar) -> None:
        self._middle, self._open_far = middle, open_far

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._transport.pause_reading()
        self._task = asyncio.ensure_future(
            self._middle.pass_on(self._transport, data, self._open_far)
        )


@asynccontextmanager
async def middle(open_far: OpenFar) -> AsyncIterator[tuple[Middle, int]]:
    """A process in the middle, and its port."""
    made = Middle()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Reading(made, open_far), "127.0.0.1", 0)
    try:
        yield made, server.sockets[0].getsockname()[1]
    finally:
        server.close()


@asynccontextmanager
async def far_end(serve: Serve, folder: Path | None = None) -> AsyncIterator[str]:
    """The other process; its address."""
    path = str(folder / "far.sock") if folder else ""
    server = await (
        asyncio.start_unix_server(serve, path)
        if folder
        else asyncio.start_server(serve, "127.0.0.1", 0)
    )
    try:
        yield f"unix:{path}" if folder else f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Gives all back, and closes when no more comes."""
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


@pytest.mark.parametrize("by_path", [False, True])
def test_every_byte_goes_both_ways(run: Callable[[Test], None], by_path: bool) -> None:
    async def test(folder: Path) -> None:
        far = far_end(echo, folder if by_path else None)
        async with far as address, middle(far_at(address)) as (made, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            sent = b"GET /first" + os.urandom(1_500_000)
            writer.write(sent)
            assert await reader.readexactly(len(sent)) == sent
            writer.close()
            await made.is_over.wait()
            assert made.ended == [None]

    run(test)


def test_who_has_sent_all_still_hears_the_answer(run: Callable[[Test], None]) -> None:
    """A half-closed connection lives on in its other direction."""

    async def answers_at_the_end(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        asked = await reader.read()
        await asyncio.sleep(0.05)
        writer.write(b"answer to " + asked)
        writer.close()

    async def test(_folder: Path) -> None:
        far = far_end(answers_at_the_end)
        async with far as address, middle(far_at(address)) as (made, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"a question")
            writer.write_eof()
            assert await reader.read() == b"answer to a question"
            await made.is_over.wait()
            writer.close()

    run(test)


@pytest.mark.parametrize("who", ["far", "near"])
def test_no_more_is_read_than_the_other_takes(run: Callable[[Test], None], who: str) -> None:
    """Then it is read to the last byte."""

    async def test(_folder: Path) -> None:
        go_on, total = asyncio.Event(), asyncio.get_running_loop().create_future()

        async def take(reader: asyncio.StreamReader) -> int:
            await go_on.wait()
            count = 0
            while data := await reader.read(1 << 20):
                count += len(data)
            return count

        async def give(writer: asyncio.StreamWriter) -> None:
            for _ in range(MUCH >> 16):
                writer.write(bytes(1 << 16))
                await writer.drain()
                given[0] += 1 << 16
            writer.close()

        given = [0]

        async def far(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readexactly(1)
            if who == "far":
                total.set_result(await take(reader))
                writer.close()
            else:
                await give(writer)

        async with far_end(far) as address, middle(far_at(address)) as (made, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"1")
            giving = asyncio.ensure_future(give(writer)) if who == "far" else None
            before = -1
            while given[0] == 0 or given[0] != before:
                before = given[0]
                await asyncio.sleep(0.3)
            assert given[0] < MUCH - FEW, "the giver was never stopped"
            assert made.fars[0].get_write_buffer_size() < FEW
            go_on.set()
            assert (await total if giving else await take(reader)) == MUCH
            writer.close()

    run(test)


def test_a_place_that_is_not_there_leaves_the_connection_to_us(
    run: Callable[[Test], None],
) -> None:
    async def test(folder: Path) -> None:
        for address in ("127.0.0.1:9", f"unix:{folder}/nobody"):
            async with middle(far_at(address)) as (made, port):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(b"hello")
                assert await reader.read() == b"here: hello"
                assert isinstance(made.ended[0], OSError)
                writer.close()

    run(test)


def test_a_place_that_does_not_answer_is_not_waited_for(
    run: Callable[[Test], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(_protocol: Callable[[], asyncio.Protocol]) -> Any:
        await asyncio.sleep(3600)

    async def test(_folder: Path) -> None:
        monkeypatch.setattr(splicing, "OPEN_SECONDS", 0.05)
        async with middle(never) as (_made, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"hello")
            assert await reader.read() == b"here: hello"
            writer.close()

    run(test)


@pytest.mark.parametrize("who", ["far", "near"])
def test_a_side_that_breaks_off_ends_the_other(run: Callable[[Test], None], who: str) -> None:
    async def test(_folder: Path) -> None:
        gone, opened = asyncio.Event(), asyncio.Event()

        async def far(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readexactly(5)
            opened.set()
            if who == "far":
                writer.transport.abort()
                return
            with suppress(ConnectionError):
                await reader.read()
            gone.set()
            writer.close()

        async with far_end(far) as address, middle(far_at(address)) as (made, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"hello")
            await opened.wait()
            if who == "near":
                writer.transport.abort()
                await gone.wait()
            else:
                with suppress(ConnectionError):
                    assert await reader.read() == b""
                writer.close()
            await made.is_over.wait()
            assert made.ended == [None]

    run(test)


def test_a_side_that_takes_nothing_is_gone(
    run: Callable[[Test], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both connections end, though neither peer has closed."""

    async def test(_folder: Path) -> None:
        over = asyncio.Event()

        async def deaf(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await over.wait()
            writer.transport.abort()

        monkeypatch.setattr(splicing, "STALL_SECONDS", 0.2)
        async with far_end(deaf) as address, middle(far_at(address)) as (made, port):
            _reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(bytes(MUCH))
            await made.is_over.wait()
            assert made.ended == [None]
            over.set()
            writer.transport.abort()

    run(test)


@pytest.mark.parametrize("address", ["nowhere", ":80", "host:", "host:port", "unix"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="no host:port"):
        far_at(address)
