"""The proxy's configuration in a real nginx: media sockets to their pods, everything else to the server."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest
from tests.plugins.agones.dns import names
from tests.plugins.agones.manifests import FOLDER
from tests.plugins.agones.waiting import until
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from linecard.listening import free_port

NGINX = shutil.which("nginx")
pytestmark = pytest.mark.skipif(NGINX is None, reason="there is no nginx on this machine")
ZONE = "linecard-media.linecard.svc.cluster.local"
WHOLE = """
daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
{configuration}
}}
"""


@dataclass(slots=True)
class Behind:
    """What stands behind the proxy: `paths` as they came, byte for byte."""

    name: str
    paths: list[str] = field(default_factory=list)
    port: int = 0

    def look(self, _connection: ServerConnection, request: Request) -> Response | None:
        """A media socket is opened, anything else answered."""
        self.paths.append(request.path)
        if "upgrade" in request.headers.get("Connection", "").lower():
            return None
        body = self.name.encode()
        return Response(200, "OK", Headers({"Content-Length": str(len(body))}), body)

    async def echo(self, socket: ServerConnection) -> None:
        """Every message back, with a name before it."""
        async for message in socket:
            await socket.send(f"{self.name}: {message!s}")


@dataclass(frozen=True, slots=True)
class Proxy:
    """An nginx that runs."""

    port: int
    pod: Behind
    server: Behind

    async def get(self, path: str) -> int:
        """The status of a plain request."""
        async with httpx2.AsyncClient(trust_env=False) as client:
            return (await client.get(f"http://127.0.0.1:{self.port}{path}")).status_code

    async def said(self, path: str) -> str:
        """What answers on a media socket."""
        async with connect(f"ws://127.0.0.1:{self.port}{path}", proxy=None) as socket:
            await socket.send("hello")
            return str(await socket.recv())


def _configured(folder: Path, port: int, resolver: int, proxy: tuple[int, int]) -> Path:
    """The configuration as it stands, but for the addresses of this machine."""
    pod, server = proxy
    text = (FOLDER / "nginx.conf").read_text(encoding="utf-8")
    for old, new in [
        (
            "resolver kube-dns.kube-system.svc.cluster.local",
            f"resolver 127.0.0.1:{resolver} ipv6=off",
        ),
        ("listen 8080", f"listen 127.0.0.1:{port}"),
        (f"{ZONE}:8080", f"{ZONE}:{pod}"),
        ("linecard.linecard.svc.cluster.local:8080", f"127.0.0.1:{server}"),
    ]:
        assert old in text
        text = text.replace(old, new)
    file = folder / "nginx.conf"
    file.write_text(WHOLE.format(folder=folder, configuration=text))
    return file


@asynccontextmanager
async def _listening(behind: Behind) -> AsyncIterator[Behind]:
    async with serve(behind.echo, "127.0.0.1", 0, process_request=behind.look) as server:
        behind.port = next(iter(server.sockets)).getsockname()[1]
        yield behind


@asynccontextmanager
async def _running(file: Path, port: int) -> AsyncIterator[None]:
    assert NGINX is not None
    process = await asyncio.create_subprocess_exec(NGINX, "-p", str(file.parent), "-c", str(file))
    try:
        await until(lambda: process.returncode is not None or _is_open(port), "nginx listens")
        assert process.returncode is None, (file.parent / "error.log").read_text()
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def _is_open(port: int) -> bool:
    import socket

    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
async def proxy(tmp_path: Path) -> AsyncIterator[Proxy]:
    """`here` is a pod that listens, `nowhere` a name that nobody knows."""
    async with AsyncExitStack() as stack:
        pod = await stack.enter_async_context(_listening(Behind("pod")))
        server = await stack.enter_async_context(_listening(Behind("server")))
        resolver = await stack.enter_async_context(names({f"here.{ZONE}"}))
        port = free_port()
        file = _configured(tmp_path, port, resolver, (pod.port, server.port))
        await stack.enter_async_context(_running(file, port))
        yield Proxy(port, pod, server)


async def test_a_media_socket_goes_to_its_pod(proxy: Proxy) -> None:
    path = "/ws/plivo/here~abc.def%2Fg~h?x=%20+1"
    assert await proxy.said(path) == "pod: hello"
    assert proxy.pod.paths == [path]
    assert proxy.server.paths == []


@pytest.mark.parametrize(
    "path", ["/ws/plivo/abc.def%2Fg?x=%20+1", "/ws/acme/nowhere~abc%2Fdef?x=%20"]
)
async def test_the_others_go_to_the_server(proxy: Proxy, path: str) -> None:
    assert await proxy.said(path) == "server: hello"
    assert proxy.server.paths == [path]
    assert proxy.pod.paths == []


async def test_a_pod_that_is_gone_is_the_servers_affair(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(_listening(Behind("server")))
        resolver = await stack.enter_async_context(names({f"gone.{ZONE}"}))
        port = free_port()
        file = _configured(tmp_path, port, resolver, (free_port(), server.port))
        await stack.enter_async_context(_running(file, port))
        proxy = Proxy(port, Behind("nobody"), server)
        assert await proxy.said("/ws/plivo/gone~abc%2Fdef?x=%20") == "server: hello"
    assert server.paths == ["/ws/plivo/gone~abc%2Fdef?x=%20"]


async def test_webhooks_reach_the_server_byte_for_byte(proxy: Proxy) -> None:
    path = "/plivo/answer?a=main&c=x%2Fy&t=a~b"
    assert await proxy.get(path) == 200
    assert proxy.server.paths == [path]


@pytest.mark.parametrize("path", ["/api/calls", "/metrics", "/api"])
async def test_what_is_private_stays_private(proxy: Proxy, path: str) -> None:
    assert await proxy.get(path) == 404
    assert proxy.server.paths == []


async def test_it_says_that_it_lives(proxy: Proxy) -> None:
    assert await proxy.get("/nginx-health") == 204


def test_nothing_else_of_the_configuration_is_of_a_cluster() -> None:
    text = (FOLDER / "nginx.conf").read_text(encoding="utf-8")
    assert len(re.findall(r"svc\.cluster\.local", text)) == 4
