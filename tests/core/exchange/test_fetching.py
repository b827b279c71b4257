"""Files that a carrier names: whom our credentials reach, and where a redirect may lead."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from tests.calls.files import said, serving_files
from tests.core.outgoing.names import resolve_with
from tests.core.outgoing.tricks import PRIVATE_RECORDS, tricks

from linecard.carrier import Download
from linecard.errors import CarrierUnavailable
from linecard.exchange.fetching import _request, fetch
from linecard.simulator.serving import serving

CREDENTIALS = "Basic bWU6c2VjcmV0"


class Storage:
    """A carrier's file server, which remembers what it was asked and by whom."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str | None]] = []
        self.leads_to: dict[str, str] = {}
        self.app = Starlette(routes=[Route("/{path:path}", self._answer)])

    async def _answer(self, request: Request) -> Response:
        path = request.url.path
        self.asked.append((path, request.headers.get("authorization")))
        if path in self.leads_to:
            return RedirectResponse(self.leads_to[path])
        return PlainTextResponse("sound", 404 if path == "/gone" else 200)


@pytest.fixture
def storage() -> Storage:
    return Storage()


@pytest.fixture
async def url(storage: Storage) -> AsyncIterator[str]:
    async with serving(storage.app) as address:
        yield address


async def get(url: str, *hosts: str) -> httpx2.Response:
    """A file of a provider whose own hosts are these, or where the file is."""
    own = frozenset(hosts or [urlsplit(url).netloc])
    async with httpx2.AsyncClient() as client:
        download = Download(url=url, hosts=own, authorization=CREDENTIALS)
        answer = await fetch(client, "acme", download)
        await answer.aread()
        return answer


async def test_a_file_of_the_provider_s_own_host_comes_with_credentials(
    storage: Storage, url: str
) -> None:
    assert (await get(f"{url}/a.wav")).text == "sound"
    assert storage.asked == [("/a.wav", CREDENTIALS)]


async def test_nothing_is_fetched_from_a_host_that_is_not_the_provider_s(
    storage: Storage, url: str
) -> None:
    for hosts in (["media.example.com"], ["127.0.0.1"], ["127.0.0.1:1"]):
        with pytest.raises(CarrierUnavailable, match="not one of its hosts"):
            await get(f"{url}/a.wav", *hosts)
    port = url.rpartition(":")[2]
    with pytest.raises(CarrierUnavailable, match="not one of its hosts"):
        await get(f"http://me@127.0.0.1:{port}/a.wav", f"127.0.0.1:{port}")
    assert storage.asked == []


async def test_three_redirects_are_followed_and_no_more(storage: Storage, url: str) -> None:
    storage.leads_to = {"/a": "/b", "/b": "c", "/c": f"{url}/d", "/x": "/a"}
    assert (await get(f"{url}/a")).text == "sound"
    assert [path for path, _ in storage.asked] == ["/a", "/b", "/c", "/d"]
    assert {credentials for _, credentials in storage.asked} == {CREDENTIALS}
    with pytest.raises(CarrierUnavailable, match="too often"):
        await get(f"{url}/x")


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("http://localhost:{port}/secret", "not offered over https"),
        ("http://169.254.169.254/latest/meta-data", "not offered over https"),
        ("https://localhost:{port}/secret", "not on the internet"),
        ("https://127.0.0.2:{port}/secret", "not on the internet"),
        ("https://[::1]:{port}/secret", "not on the internet"),
        ("https://169.254.169.254/latest/meta-data", "not on the internet"),
        ("https://10.0.0.1/secret", "not on the internet"),
        ("https://2130706433/secret", "not on the internet"),
        ("file:///etc/passwd", "not offered over https"),
    ],
)
async def test_a_redirect_into_a_private_network_is_not_followed(
    storage: Storage, url: str, target: str, why: str
) -> None:
    storage.leads_to = {"/a": target.format(port=url.rpartition(":")[2])}
    with pytest.raises(CarrierUnavailable, match=why):
        await get(f"{url}/a")
    assert [path for path, _ in storage.asked] == ["/a"]


@pytest.mark.slow
async def test_no_trick_of_a_redirect_reaches_a_listener_or_takes_the_credentials_along(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two hundred ways to write an address within; whatever listens on this machine hears nothing."""
    resolve_with(monkeypatch, PRIVATE_RECORDS.get)
    reached: list[str] = []

    async def trap(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reached.append((await reader.read(1000)).decode("latin-1"))
        writer.close()

    trapped = await asyncio.start_server(trap, "127.0.0.1", 0)
    port = trapped.sockets[0].getsockname()[1]
    tried = [one for one in dict.fromkeys(tricks(port)) if one.isprintable()]
    assert len(tried) >= 200
    for target in tried:
        location = f"Location: {target}".encode().decode("latin-1")
        answer = said(b"", 302, None).replace(
            b"\r\n\r\n", f"\r\n{location}\r\n\r\n".encode("latin-1")
        )
        async with serving_files(answer, said(b"", 404)) as files:
            with pytest.raises(CarrierUnavailable):
                await get(f"{files.url}/a", files.host)
            assert all(urlsplit(files.url).netloc in one for one in files.asked), target
    trapped.close()
    assert reached == []


async def test_a_redirect_to_the_internet_leaves_the_credentials_behind() -> None:
    """The request as it would leave: to the address that was checked, in the name of its host."""
    download = Download(
        url="https://media.example.com/a", hosts=frozenset({"media.example.com"}),
        authorization=CREDENTIALS,
    )  # fmt: skip
    async with httpx2.AsyncClient() as client:
        own = await _request(client, "acme", download, httpx2.URL(download.url))
        target = httpx2.URL("https://93.184.215.14:8443/b?c=d")
        other = await _request(client, "acme", download, target)
    assert own.headers["authorization"] == CREDENTIALS
    assert "authorization" not in other.headers
    assert (other.url, other.headers["host"]) == (target, "93.184.215.14:8443")
    assert other.extensions["sni_hostname"] == "93.184.215.14"


async def test_a_host_that_does_not_exist_is_said_so(storage: Storage, url: str) -> None:
    storage.leads_to = {"/a": "https://nowhere.invalid/a"}
    with pytest.raises(CarrierUnavailable, match="did not come"):
        await get(f"{url}/a")


async def test_an_error_is_passed_on_with_its_status(url: str) -> None:
    with pytest.raises(CarrierUnavailable, match="answered 404") as gone:
        await get(f"{url}/gone")
    assert gone.value.status == 404
