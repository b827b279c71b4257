"""The doctor changes nothing, and its way in opens nothing."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path

import httpx2
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from linecard.doctor import CHECKS
from linecard.listening import free_port
from linecard.probes import HEADER, PASS_SECONDS
from linecard.settings import Secret
from linecard.tokens import ProbeClaims, Tokens
from tests.calls.shell import linecard
from tests.calls.telephone import KEY, Telephone
from tests.doctor.place import SECRET


def pass_of(secret: str, **changes: object) -> str:
    """A pass, as the doctor makes it."""
    claims: dict[str, object] = {
        "id": f"probe-{time.monotonic_ns()}",
        "provider": "plivo",
        "account": "main",
        "profile": "l16-8000",
        "expires": int(time.time()) + PASS_SECONDS,
    }
    return Tokens(Secret(secret)).probe(ProbeClaims(**{**claims, **changes}))  # type: ignore[arg-type]


async def test_without_a_server_nothing_is_made(tmp_path: Path) -> None:
    env = {
        "LINECARD_PUBLIC_URL": f"http://127.0.0.1:{free_port()}",
        "LINECARD_API_KEY": KEY,
        "LINECARD_SECRET": SECRET,
    }
    ended = await linecard("doctor", env=env, cwd=tmp_path)
    assert (ended.code, ended.err) == (1, "")
    assert "sqlite:///linecard.db is not there yet" in ended.out
    assert "no Linecard server answers" in ended.out
    assert list(tmp_path.iterdir()) == []


async def test_settings_that_cannot_be_read_are_one_of_its_findings(tmp_path: Path) -> None:
    env = {"LINECARD_PUBLIC_URL": "http://calls.example.com"}
    ended = await linecard("doctor", "--json", env=env, cwd=tmp_path)
    assert (ended.code, ended.err) == (1, "")
    found = {one["check"]: one for one in json.loads(ended.out)}
    assert found["settings"]["outcome"] == "failed"
    for wrong in ("LINECARD_PUBLIC_URL", "LINECARD_API_KEY", "LINECARD_SECRET"):
        assert wrong in found["settings"]["says"]
    assert found["versions"]["outcome"] == "ok"
    assert {found[check]["outcome"] for check in CHECKS} == {"could not check"}


async def _told(world: Telephone, given: str, path: str = "/plivo/probe") -> httpx2.Response:
    async with httpx2.AsyncClient(base_url=world.url) as stranger:
        return await stranger.post(path, headers={HEADER: given}, content=b"a=b")


STRANGE: Mapping[str, str] = {
    "nothing": "",
    "no pass": "open-sesame",
    "another secret's": pass_of("x" * 40),
    "too old": pass_of("s" * 40, expires=int(time.time()) - 1),
    "good for ever": pass_of("s" * 40, expires=int(time.time()) + 10**6),
    "an unknown account's": pass_of("s" * 40, account="other"),
    "half of one": pass_of("s" * 40)[:-1],
}


async def test_only_a_fresh_pass_of_this_servers_own_is_answered(world: Telephone) -> None:
    for name, given in STRANGE.items():
        assert (await _told(world, given)).status_code == 404, name
    given = pass_of("s" * 40)
    assert (await _told(world, given)).json()["target"] == "/plivo/probe"
    assert (await _told(world, given)).status_code == 404, "a pass is good once"


async def test_a_pass_opens_no_api_and_no_webhook(world: Telephone) -> None:
    """Whatever the address is, the answer is what has arrived, and no more than that."""
    for path in ("/api/calls", "/metrics", "/plivo/answer", "/healthz"):
        told = (await _told(world, pass_of("s" * 40), path)).json()
        assert told["target"] == path
        assert told["proof"] is None
    assert (await world.api.get("/api/calls")).json()["items"] == []


async def test_a_pass_is_no_stream_token(world: Telephone) -> None:
    url = f"{world.url.replace('http', 'ws')}/ws/plivo/{pass_of('s' * 40)}"
    with pytest.raises(InvalidStatus):
        async with connect(url, proxy=None):
            pass


async def test_an_answer_tells_no_secret(world: Telephone) -> None:
    headers = {HEADER: pass_of("s" * 40), "Authorization": f"Bearer {KEY}", "Cookie": "a=private"}
    async with httpx2.AsyncClient(base_url=world.url) as doctor:
        told = (await doctor.post("/plivo/probe", headers=headers)).text
    for secret in (KEY, SECRET, "s" * 40, "private", *world.carrier.environment("").values()):
        assert not secret or secret not in told
