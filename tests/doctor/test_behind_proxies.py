"""What a proxy says of others counts in the log, and nowhere else; and what stands on which port."""

from __future__ import annotations

from pathlib import Path

import httpx2
import pytest
from structlog.testing import capture_logs

from linecard.doctor import Outcome
from linecard.plugins import Plugins
from linecard.settings import load_settings
from tests.calls.telephone import KEY, Telephone
from tests.doctor.place import Place, of, place
from tests.doctor.proxy import Fault

STRANGER = "198.51.100.7"


def forwarded(head: bytes) -> bytes:
    """As a proxy writes it."""
    extra = f"\r\nX-Forwarded-For: {STRANGER}\r\nX-Forwarded-Host: evil.example\r\n\r\n"
    return head.replace(b"\r\n\r\n", extra.encode(), 1)


async def test_a_refused_stranger_is_named_where_the_proxy_is_trusted(tmp_path: Path) -> None:
    async with place(tmp_path, "plivo", LINECARD_TRUSTED_PROXIES="127.0.0.0/8") as here:
        here.proxy.fault = Fault(head=forwarded)
        async with httpx2.AsyncClient() as stranger:
            answer = await stranger.post(f"{here.proxy.url}/plivo/answer", data={"a": "b"})
            assert answer.status_code == 403
            assert (await stranger.get(f"{here.proxy.url}/metrics")).status_code == 401
        assert await here.server.stop() == 0
    (line,) = (one for one in here.server.log if one["event"] == "carrier request refused")
    assert line["by"] == STRANGER
    assert "evil.example" not in here.server.text


async def test_nobody_is_believed_about_others_by_default(world: Telephone) -> None:
    headers = {
        "X-Forwarded-For": STRANGER,
        "X-Forwarded-Proto": "https",
        "Forwarded": "for=1.2.3.4",
    }
    async with httpx2.AsyncClient(base_url=world.url, headers=headers) as stranger:
        with capture_logs() as lines:
            for _ in range(2):
                assert (await stranger.post("/plivo/answer", data={"a": "b"})).status_code == 403
            assert (await stranger.get("/metrics")).status_code == 401
    (line,) = (one for one in lines if one["event"] == "carrier request refused")
    assert line["by"] == "127.0.0.1"
    assert STRANGER not in str(lines)


async def test_an_admin_port_is_seen_by_the_doctor(tmp_path: Path) -> None:
    async with place(tmp_path, "plivo", "--admin-port", "0") as here:
        (one,) = of(await here.found(), "exposure")
        assert one.outcome is Outcome.OK
        public, admin = here.urls
        async with httpx2.AsyncClient(headers={"Authorization": f"Bearer {KEY}"}) as api:
            for path in ("/api/numbers", "/api/docs", "/metrics"):
                assert (await api.get(f"{public}{path}")).status_code == 404, path
                assert (await api.get(f"{admin}{path}")).status_code == 200, path


@pytest.mark.parametrize("provider", ["plivo", "twilio"])
async def test_signatures_for_another_address_are_told(tmp_path: Path, provider: str) -> None:
    """The server runs with a new address; the carrier signs for the old one, which still leads to it."""
    async with place(tmp_path, provider) as here:
        old = here.proxy.url.replace("127.0.0.1", "localhost")
        found = await here.found(LINECARD_PUBLIC_URL=old)
        (one,) = of(found, "webhooks")
        assert one.outcome is Outcome.FAILED
        assert f"the server there runs with LINECARD_PUBLIC_URL={here.proxy.url}" in one.says
        (one,) = of(await here.found(), "signatures")
        assert one.outcome is Outcome.OK
        await _signed_for(here, f"{old}/{provider}/answer?a=main&k=answer")
        (one,) = of(await here.found(), "signatures")
        assert one.outcome is Outcome.FAILED
        assert f"requests of {provider}, 1 by now, were signed for {old}" in one.says
        assert one.do.startswith(f"set LINECARD_PUBLIC_URL to {old}")


async def _signed_for(here: Place, url: str) -> None:
    plugins = Plugins.discover()
    provider = plugins.providers[here.provider].cls
    settings = load_settings(here.env, {here.provider: provider}, None)
    (account,) = settings.accounts[here.provider]
    sent = provider.simulator().impersonate(account.values).webhook(url)
    async with httpx2.AsyncClient() as carrier:
        answer = await carrier.post(sent.url, content=sent.body, headers=dict(sent.headers))
    assert answer.status_code == 403
