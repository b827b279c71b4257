"""A call of each carrier on either lane, heard to its end; and the lane of a server without picows."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from starlette.datastructures import Headers
from starlette.websockets import WebSocket
from structlog.testing import capture_logs

from linecard.http import lane
from linecard.http.impatient import ImpatientWebSocket
from linecard.http.lean import protocol
from linecard.http.lean.handshake import asked
from linecard.http.socket import MediaSocket
from linecard.simulator.phone import Phone
from linecard.simulator.script import Wait
from tests.calls.telephone import CUSTOMER, OURS, Telephone, names, telephone

RECITER = ("tests.calls.agents:reciter",)
STAYS = Phone(script=(Wait(300),))
NUMBERS = {"exotel": "+918047113155"}
CLIENT = ("192.0.2.1", 4000)
CALLEES = {"exotel": "+919494865411"}
REQUEST = (
    "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\n"
    "Upgrade: websocket\r\nSec-WebSocket-Version: {version}\r\nX-Proof: one\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


@pytest.mark.parametrize("provider", ["plivo", "twilio", "exotel"])
@pytest.mark.parametrize("chosen", ["lean", "asgi"])
async def test_a_caller_hears_the_agent_out(
    provider: str, chosen: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[object] = []
    begin = MediaSocket.__init__

    def noted(one: MediaSocket, websocket: WebSocket) -> None:
        made.append(one)
        begin(one, websocket)

    monkeypatch.setattr(MediaSocket, "__init__", noted)
    countries = {"allowed_countries": "IN"} if provider == "exotel" else {}
    async with telephone(
        tmp_path, provider, agents=RECITER, media_lane=chosen, **countries
    ) as world:
        await recited(world, NUMBERS.get(provider, OURS), CALLEES.get(provider, CUSTOMER))
    assert bool(made) is (chosen == "asgi")


async def recited(world: Telephone, ours: str, callee: str) -> None:
    """A call on which the agent says all it has to say, and hangs up."""
    world.carrier.phones[callee] = STAYS
    await world.register(number=ours, agent="reciter")
    placed = await world.dial(callee, **{"from": ours})
    call = await world.ended(placed["id"])
    assert (call["status"], call["outcome"]) == ("completed", "heard")
    assert names(call).count("stream-started") == names(call).count("stream-ended") == 1
    await world.eventually(lambda: not world.exchange.lives)


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
            assert lane.websocket_class(world.exchange) is ImpatientWebSocket
        assert [line["log_level"] for line in lines] == ["warning"]
        monkeypatch.undo()
        assert lane.websocket_class(world.exchange) is not ImpatientWebSocket


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
