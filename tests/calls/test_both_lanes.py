"""A call of each carrier on either lane, heard to its end; and the lane of a server without picows."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.datastructures import Headers
from starlette.websockets import WebSocket
from structlog.testing import capture_logs
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from linecard.http import lane
from linecard.http.handshake import asked
from linecard.http.lean import protocol
from linecard.http.lean.crossroads import LeanCrossroads
from linecard.http.socket import MediaSocket
from linecard.media import g711
from linecard.probes import HEADER
from linecard.simulator.phone import Phone
from linecard.simulator.playback import Playback
from linecard.simulator.script import Press, Speak, Wait, WaitForSilence, WaitForSound
from linecard.simulator.speech import speech
from tests.calls.agents import recital, tirade
from tests.calls.signed import media
from tests.calls.telephone import CUSTOMER, OURS, Telephone, names, telephone
from tests.doctor.test_no_traces import pass_of

TALK = g711.decode_pcmu(g711.encode_pcmu(speech("hello there, can you hear me")))
"""Of samples that PCMU has: every line carries them as they are."""
TALKS = Phone(
    script=(
        *(WaitForSound(), WaitForSilence(), Speak(TALK), Wait(2), WaitForSilence(), Press("1")),
        *(WaitForSound(), Wait(1), Press("2"), Wait(300)),
    )
)
START = {
    "sequenceNumber": 0,
    "event": "start",
    "start": {"streamId": "s1", "callId": "c1", "tracks": ["inbound"]},
}
NUMBERS = {"exotel": "+918047113155"}
CLIENT = ("192.0.2.1", 4000)
CALLEES = {"exotel": "+919494865411"}
REQUEST = (
    "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\n"
    "Upgrade: websocket\r\nSec-WebSocket-Version: {version}\r\nX-Proof: one\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


@pytest.fixture(params=["lean", "asgi"])
def chosen(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A lane, which is also the one that the media sockets of the test were on."""
    made: list[object] = []
    begin = MediaSocket.__init__

    def noted(one: MediaSocket, websocket: WebSocket) -> None:
        made.append(one)
        begin(one, websocket)

    monkeypatch.setattr(MediaSocket, "__init__", noted)
    yield request.param
    assert bool(made) is (request.param == "asgi")


@pytest.mark.parametrize("provider", ["plivo", "twilio", "exotel"])
async def test_a_call_is_echoed_interrupted_and_heard_out(
    provider: str, chosen: str, tmp_path: Path
) -> None:
    """Sample for sample; what a clear throws away is never played, and its marks are never reached."""
    countries = {"allowed_countries": "IN"} if provider == "exotel" else {}
    agents = ("tests.calls.agents:conversant",)
    async with telephone(
        tmp_path, provider, agents=agents, media_lane=chosen, **countries
    ) as world:
        call = await conversed(world, NUMBERS.get(provider, OURS), CALLEES.get(provider, CUSTOMER))
        (playback,) = played_on(world, call)
    heard = g711.decode_pcmu if provider == "twilio" else bytes
    encode = g711.encode_pcmu if provider == "twilio" else bytes
    (dropped,) = playback.dropped
    before = heard(bytes(playback.played[: dropped.position]))
    after = heard(bytes(playback.played[dropped.position :]))
    talk, scolding, poem = (heard(encode(one)) for one in (TALK, tirade(8000), recital(8000)))
    sent = before + heard(dropped.audio)
    interrupted_at = sent.index(scolding[:320])
    assert talk in before[:interrupted_at]
    rest = sent[interrupted_at:]
    assert (scolding * (len(rest) // len(scolding) + 1)).startswith(rest)
    assert after == poem


def played_on(world: Telephone, call: dict[str, Any]) -> set[Playback]:
    """The buffers of a call; a carrier may know it by several ids."""
    known = call["carrier_ids"].values()
    return {one for name in known for one in world.carrier.playbacks(name)}


async def conversed(world: Telephone, ours: str, callee: str) -> dict[str, Any]:
    """A call of the conversant, once it is over."""
    world.carrier.phones[callee] = TALKS
    await world.register(number=ours, agent="conversant")
    placed = await world.dial(callee, **{"from": ours})
    await world.ended(placed["id"])
    call = await world.until(placed["id"], lambda one: "stream-ended" in names(one))
    assert (call["status"], call["outcome"]) == ("completed", "True True end")
    assert names(call).count("stream-started") == names(call).count("stream-ended") == 1
    await world.eventually(lambda: not world.exchange.lives)
    return call


async def test_a_probe_is_echoed_on_the_lane_of_calls(chosen: str, tmp_path: Path) -> None:
    async with telephone(tmp_path, media_lane=chosen) as world:
        headers = {HEADER: pass_of("s" * 40)}
        url = f"{world.url.replace('http', 'ws')}/ws/plivo/probe?x=1"
        async with connect(url, additional_headers=headers, proxy=None) as ws:
            told = json.loads(await ws.recv())
            assert (told["target"], told["proof"]) == ("/ws/plivo/probe?x=1", None)
            await ws.send(json.dumps(START))
            await ws.send(media("s1", b"\1\2" * 160))
            (heard,) = [json.loads(await ws.recv())["media"]["payload"]]
            assert base64.b64decode(heard) == b"\1\2" * 160
        with pytest.raises(InvalidStatus, match="403"):
            async with connect(url, additional_headers=headers, proxy=None):
                pass
        assert (await world.api.get("/api/calls")).json()["items"] == []


@pytest.mark.parametrize("lacking", ["picows", "a picows that we know"])
async def test_without_picows_the_server_takes_asgi_and_says_so(
    lacking: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if lacking == "picows":
        monkeypatch.setitem(sys.modules, "linecard.http.lean.crossroads", None)
    else:
        monkeypatch.setattr(protocol, "_PROTOCOL", lambda _one: None)
    async with telephone(tmp_path) as world:
        with capture_logs() as lines:
            assert not issubclass(lane.websocket_class(world.exchange), LeanCrossroads)
        assert [line["log_level"] for line in lines] == ["warning"]
        monkeypatch.undo()
        assert issubclass(lane.websocket_class(world.exchange), LeanCrossroads)


def request(path: str, method: str = "GET", version: str = "13") -> bytes:
    return REQUEST.format(method=method, path=path, version=version).encode()


def test_a_media_socket_is_known_by_its_path_with_the_prefix_or_without() -> None:
    for path in ("/ws/one/a.b?x=1", "/calls/ws/one/a.b?x=1"):
        found = asked(request(path), b"/calls", CLIENT)
        assert found is not None
        assert (found.provider, found.token) == ("one", "a.b")
        assert found.scope["path"] == "/ws/one/a.b"
        assert found.scope["raw_path"] == b"/ws/one/a.b"
        assert found.scope["query_string"] == b"x=1"
        assert found.scope["client"] == CLIENT
        assert Headers(scope=found.scope)["x-proof"] == "one"
    escaped = asked(request("/ws/one/%41"), b"", None)
    assert escaped is not None
    assert (escaped.token, escaped.scope["raw_path"]) == ("A", b"/ws/one/%41")


@pytest.mark.parametrize(
    "data",
    [
        request("/"),
        request("/ws/one"),
        request("/ws/one/"),
        request("/ws/one/a/b"),
        request("/ws/one/a%2fb"),
        request("/other/ws/one/a"),
        request("/ws/one/a", method="POST"),
        request("/ws/one/a", version="8"),
        b"",
        b"GET\r\n\r\n",
    ],
)
def test_every_other_request_is_left_to_the_usual_lane(data: bytes) -> None:
    assert asked(data, b"/calls", CLIENT) is None
