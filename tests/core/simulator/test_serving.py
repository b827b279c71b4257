"""Serving on loopback, and on nothing else."""

from __future__ import annotations

import asyncio

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from linecard.errors import ConfigurationError
from linecard.simulator.loopback import is_loopback_host, is_loopback_url, require_loopback
from linecard.simulator.serving import cut_connection, serving


async def hello(request: object) -> PlainTextResponse:
    return PlainTextResponse("hello")


APP = Starlette(routes=[Route("/", hello)])


async def test_it_serves_until_the_block_ends() -> None:
    async with httpx2.AsyncClient(trust_env=False) as client:
        async with serving(APP) as url:
            assert (await client.get(url)).text == "hello"
        with pytest.raises(httpx2.ConnectError):
            await client.get(url)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.1", "example.com", "::"])
async def test_it_binds_loopback_only(host: str) -> None:
    with pytest.raises(ConfigurationError, match="loopback only"):
        async with serving(APP, host):
            pass


async def test_it_refuses_a_public_application() -> None:
    with pytest.raises(ConfigurationError, match="LINECARD_PUBLIC_URL is https://voice"):
        async with serving(APP, public_url="https://voice.example.com"):
            pass


async def test_a_connection_is_cut_without_a_byte() -> None:
    async def cutting(scope: Scope, receive: Receive, send: Send) -> None:
        await cut_connection(send)

    async with serving(cutting) as url, httpx2.AsyncClient(trust_env=False) as client:
        with pytest.raises(httpx2.TransportError):
            await client.get(url)


async def test_replies_do_not_wait_for_acknowledgements() -> None:
    async with serving(APP) as url, httpx2.AsyncClient(trust_env=False) as client:
        loop = asyncio.get_running_loop()
        times = []
        for _ in range(10):
            start = loop.time()
            await client.post(url, content=b"x")
            times.append(loop.time() - start)
    assert min(times) < 0.035


def test_what_loopback_is() -> None:
    assert is_loopback_host("127.3.2.1")
    assert is_loopback_host("::1")
    assert is_loopback_url("ws://localhost:80/x")
    assert is_loopback_url("http://[::1]:80/")
    assert not is_loopback_url("http://127.0.0.1.example.com/")
    assert not is_loopback_url("http://[bad/")
    require_loopback("127.0.0.1", None)
