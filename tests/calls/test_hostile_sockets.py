"""Media sockets under attack: who gets in, and what a hostile or broken peer can bring about."""

from __future__ import annotations

import asyncio
import json
import random
import socket
import struct
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio
import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket
from structlog.testing import capture_logs
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from linecard.exchange import running
from linecard.http.impatient import ImpatientWebSocket
from linecard.http.socket import MediaSocket
from linecard.listening import listening
from linecard.settings import Secret
from linecard.simulator.phone import Phone
from linecard.simulator.script import Speak, Wait
from linecard.simulator.speech import speech
from linecard.store import calls
from linecard.tokens import StreamClaims, Tokens, new_id
from linecard.webhook import Kind
from tests.calls import strange_agents
from tests.calls.proxy import is_held
from tests.calls.signed import (
    Changes,
    Line,
    Plivo,
    counted,
    everything,
    hangup_form,
    media,
    refusal,
    v2_headers,
)
from tests.calls.telephone import CUSTOMER, OURS, names, telephone

pytestmark = pytest.mark.asyncio(loop_scope="module")

FAILING = {
    "FailsAtBirth": "+14155550161",
    "FailsOnAudio": "+14155550162",
    "ExitsOnAudio": "+14155550163",
    "fails_at_once": "+14155550164",
    "fails_midway": "+14155550165",
    "exits": "+14155550166",
    "cancels_itself": "+14155550167",
}
AGENTS = ("Listener", *FAILING)
FRAME = 320
TALKER = Phone(script=(Speak(speech("hello, is anybody there")), Wait(300)))


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["lean", "asgi"])
async def plivo(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Plivo]:
    """The same server on either lane."""
    specs = tuple(f"tests.calls.strange_agents:{name}" for name in AGENTS)
    folder = tmp_path_factory.mktemp("world")
    async with telephone(folder, agents=specs, media_lane=request.param) as world:
        await world.register(agent="Listener", channels=1000)
        for agent, number in FAILING.items():
            await world.register(agent=agent, number=number)
        yield Plivo.of(world)


async def closed(ws: ClientConnection, within: float = 20) -> int | None:
    """The code with which the server closes."""
    async with asyncio.timeout(within):
        await ws.wait_closed()
    return ws.close_code


def frames(seed: int, number: int) -> list[bytes]:
    """So many different frames."""
    noise = random.Random(seed)
    return [noise.randbytes(FRAME) for _ in range(number)]


async def talk(
    plivo: Plivo, line: Line, ws: ClientConnection, stream: str, said: list[bytes]
) -> None:
    """Open a stream, send frames, and see that the agent hears them."""
    await ws.send(line.start(stream))
    await plivo.world.eventually(lambda: line.call_id in strange_agents.LISTENERS)
    await talk_on(plivo, line, ws, stream, said)


async def talk_on(
    plivo: Plivo, line: Line, ws: ClientConnection, stream: str, said: list[bytes]
) -> None:
    """Frames on a stream that is open, all of which the agent hears."""
    heard = strange_agents.HEARD[line.call_id]
    before = len(heard)
    for frame in said:
        await ws.send(media(stream, frame))
    await plivo.world.eventually(lambda: len(heard) - before >= len(said))
    assert heard[before:] == said


def claims_of(plivo: Plivo, line: Line) -> StreamClaims:
    """What the token of a line's address says."""
    return plivo.world.exchange.tokens.open_stream(line.url.rpartition("/")[2], time.time())


async def test_a_rightly_signed_socket_is_let_in_whatever_its_scheme(plivo: Plivo) -> None:
    for scheme in ("http", "https", "wss"):
        line = await Line.ring(plivo)
        async with line.connect(scheme) as ws:
            await talk(plivo, line, ws, "s1", frames(1, 3))
        await line.hang_up()


async def test_a_token_that_is_not_whole_is_refused(plivo: Plivo) -> None:
    line = await Line.ring(plivo)
    base, _, token = line.url.rpartition("/")
    claims = claims_of(plivo, line)
    stranger = Tokens(Secret("x" * 40))
    tokens = plivo.world.exchange.tokens
    elsewhere = msgspec.structs.replace(claims, provider="exotic")
    wrong = [
        "",
        "none",
        ".",
        token.partition(".")[0],
        token.partition(".")[0] + ".",
        token[:-1],
        token + "A",
        token.swapcase(),
        "A" + token[1:],
        stranger.stream(claims),
        tokens.stream(msgspec.structs.replace(claims, expires=int(time.time()) - 1)),
        tokens.stream(msgspec.structs.replace(claims, call=new_id())),
        tokens.stream(msgspec.structs.replace(claims, account="other")),
        tokens.stream(elsewhere),
        plivo.address(Kind.ANSWER).rpartition("t=")[2],
        "%00",
        "%ff%fe",
        "..%2f..%2fapi",
        "A" * 8000,
    ]
    before = await everything(plivo.world)
    for one in wrong:
        status = await refusal(replace(line, url=f"{base}/{one}").connect())
        assert status == 403, one
    foreign = line.url.replace("/ws/plivo/", "/ws/exotic/")
    assert await refusal(replace(line, url=foreign).connect()) == 403
    assert await everything(plivo.world) == before
    assert await refusal(line.connect()) == 101


async def test_the_token_alone_opens_nothing(plivo: Plivo) -> None:
    line = await Line.ring(plivo)
    other = await Line.ring(plivo)
    v3 = ("x-plivo-signature-v3", "x-plivo-signature-ma-v3", "x-plivo-signature-v3-nonce")
    nothing: dict[str, str | None] = dict.fromkeys(v3)
    before = await everything(plivo.world)
    assert await refusal(line.connect("http", nothing)) == 403
    forged: Changes = dict.fromkeys(v3[:2], "AAAA")
    assert await refusal(line.connect("http", forged)) == 403
    http = "http" + line.url.removeprefix("ws")
    assert await refusal(line.connect("http", nothing | v2_headers(plivo.token, http))) == 403
    stranger = replace(line, plivo=replace(plivo, token="0" * 40))
    assert await refusal(stranger.connect()) == 403
    for signed in (other.url, f"{line.url}?x=1", f"{line.url}/"):
        theirs = replace(line, url=signed).headers()
        assert await refusal(line.connect("http", theirs)) == 403
    assert await everything(plivo.world) == before


async def test_a_socket_signed_for_another_host_is_refused_and_the_host_is_named(
    plivo: Plivo,
) -> None:
    line = await Line.ring(plivo)
    port = line.url.split("/")[2].partition(":")[2]
    moved = replace(line, url=line.url.replace("127.0.0.1", "localhost"))
    with capture_logs() as lines:
        assert await refusal(moved.connect()) == 403
    assert [one["fits"] for one in lines if "fits" in one] == [f"https://localhost:{port}"]
    assert line.url.rpartition("/")[2] not in str(lines)


async def test_names_from_outside_never_become_labels_of_metrics(plivo: Plivo) -> None:
    line = await Line.ring(plivo)
    for number in range(20):
        url = line.url.replace("/ws/plivo/", f"/ws/stranger-{number}/")
        assert await refusal(replace(line, url=url).connect()) == 403
    assert "stranger" not in (await plivo.world.api.get("/metrics")).text


async def test_a_second_socket_is_refused_while_the_first_lives_and_taken_after(
    plivo: Plivo,
) -> None:
    line = await Line.ring(plivo)
    async with line.connect() as ws:
        await talk(plivo, line, ws, "s1", frames(1, 3))
        assert await refusal(line.connect()) == 403
        await talk_on(plivo, line, ws, "s1", frames(2, 3))
    await line.streams(1)
    async with line.connect() as ws:
        await talk(plivo, line, ws, "s2", frames(3, 3))
    await line.streams(2)
    assert len(strange_agents.LISTENERS[line.call_id]) == 1
    assert names(await line.call()).count("agent-started") == 1
    await line.hang_up()
    assert await refusal(line.connect()) == 403


async def test_of_two_handshakes_at_the_same_time_one_start_wins(plivo: Plivo) -> None:
    line = await Line.ring(plivo)
    async with line.connect() as first, line.connect() as second:
        await asyncio.gather(first.send(line.start("a")), second.send(line.start("b")))
        done, open_ = await asyncio.wait(
            {asyncio.create_task(one.wait_closed()) for one in (first, second)},
            timeout=10,
            return_when=asyncio.FIRST_COMPLETED,
        )
        assert (len(done), len(open_)) == (1, 1)
        call = await plivo.world.until(line.call_id, lambda one: "agent-started" in names(one))
        assert names(call).count("stream-started") == 1
        assert names(call).count("agent-started") == 1
        for task in open_:
            task.cancel()
    await line.hang_up()


async def test_a_call_that_is_over_takes_no_stream(plivo: Plivo) -> None:
    line = await Line.ring(plivo)
    assert (await plivo.world.api.post(f"/api/calls/{line.call_id}/hangup")).status_code == 202
    assert await refusal(line.connect()) == 403
    assert "agent-started" not in names(await line.call())
    await line.hang_up()


async def test_an_agent_that_has_left_is_never_started_again(plivo: Plivo) -> None:
    line = await Line.ring(plivo)
    async with line.connect() as ws:
        await talk(plivo, line, ws, "s1", frames(1, 3))
        live = plivo.world.exchange.lives[line.call_id]
        live.leg_bridged()
        live.finish("the agent went home")
        await closed(ws)
    await plivo.world.eventually(lambda: line.call_id not in plivo.world.exchange.lives)
    assert await refusal(line.connect()) == 403
    assert names(await line.call()).count("agent-started") == 1
    await line.hang_up()


async def test_a_start_of_another_call_is_closed_and_does_not_spend_the_token(
    plivo: Plivo,
) -> None:
    line = await Line.ring(plivo)
    other = await Line.ring(plivo)
    async with line.connect() as ws:
        await ws.send(other.start("s1"))
        await closed(ws)
    assert "stream-started" not in names(await line.call())
    assert "stream-started" not in names(await other.call())
    async with line.connect() as ws:
        await talk(plivo, line, ws, "s1", frames(1, 3))
    await line.hang_up()


async def test_a_socket_without_start_is_closed_and_its_messages_are_counted(
    plivo: Plivo,
) -> None:
    line = await Line.ring(plivo)
    dropped = 'linecard_media_dropped_total{provider="plivo",reason="before start"}'
    before = await counted(plivo.world, dropped)
    async with line.connect() as ws:
        for _ in range(7):
            await ws.send(media("s1", b"\0" * FRAME))
        await closed(ws)
    assert await counted(plivo.world, dropped) == before + 7
    assert "agent-started" not in names(await line.call())
    await line.hang_up()


async def test_a_codec_that_nobody_knows_is_refused(plivo: Plivo) -> None:
    line = await Line.ring(plivo)
    async with line.connect() as ws:
        strange = {"mediaFormat": {"encoding": "audio/x-opus", "sampleRate": 48000}}
        with capture_logs() as lines:
            await ws.send(line.start("s1", **strange))
            await closed(ws)
    assert "audio/x-opus" in str(lines)
    assert "stream-started" not in names(await line.call())
    await line.hang_up()


async def test_the_opening_message_is_believed_about_the_codec(plivo: Plivo) -> None:
    line = await Line.ring(plivo)
    async with line.connect() as ws:
        law = {"mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000}}
        await ws.send(line.start("s1", **law))
        await plivo.world.eventually(lambda: line.call_id in strange_agents.LISTENERS)
        await ws.send(media("s1", b"\xff" * 160))
        heard = strange_agents.HEARD[line.call_id]
        await plivo.world.eventually(lambda: bool(heard))
    assert heard == [b"\0" * FRAME]
    started = next(e for e in (await line.call())["events"] if e["name"] == "stream-started")
    assert started["facts"]["format"] == "PCMU/8000"
    await line.hang_up()


def broken(line: Line, stream: str) -> list[str | bytes]:
    """One of every kind of message that cannot be used."""
    good = media(stream, b"\0" * FRAME)
    return [
        "",
        "null",
        "[]",
        "17",
        "{",
        "[" * 50_000,
        '{"event":' * 2000,
        "9" * 5000,
        "NaN",
        '"\\ud800"',
        json.dumps({"event": "media"}),
        json.dumps({"event": "media", "streamId": stream, "media": None}),
        json.dumps({"event": "media", "streamId": stream, "media": {"payload": "%%%"}}),
        json.dumps({"event": "media", "streamId": stream, "media": {"payload": "AAA"}}),
        json.dumps({"event": "media", "streamId": stream, "media": {"payload": ""}}),
        json.dumps({"event": "media", "streamId": stream, "media": {"payload": "\u2603"}}),
        json.dumps({"event": "media", "streamId": stream, "media": {"payload": 7}}),
        json.dumps({"event": "nonsense", "streamId": stream}),
        json.dumps({"event": "dtmf", "streamId": stream, "dtmf": {"digit": "12"}}),
        json.dumps({"event": "playedStream", "streamId": stream, "name": "never sent"}),
        good.replace(stream, "another-stream"),
        good.replace("inbound", "outbound"),
        media(stream, b"\0" * 321),
        line.start(stream),
        line.start("another-stream"),
        good.encode(),
        b"",
        b"\xff\xfe",
        "x" * 200_000,
    ]


async def test_ten_thousand_broken_frames_between_good_ones_do_no_harm(plivo: Plivo) -> None:
    line = await Line.ring(plivo)
    kinds = broken(line, "s1")
    said = frames(5, 100)
    sent = 0
    heard = strange_agents.HEARD[line.call_id]
    async with line.connect() as ws:
        await talk(plivo, line, ws, "s1", frames(4, 1))
        heard.clear()
        small = [one for one in kinds if len(one) < 1000]
        for number, frame in enumerate(said):
            for one in kinds if number % 50 == 0 else small * 4:
                await ws.send(one)
                sent += 1
            await ws.send(media("s1", frame))
        await plivo.world.eventually(lambda: len(heard) >= len(said))
        assert heard == said
        assert ws.close_code is None
    dropped = (await line.streams(1))[0]["dropped"]
    assert sent > 9000
    assert sum(dropped.values()) == sent
    assert {"another stream", "binary message", "second start", "unreadable message"} <= set(
        dropped
    )
    for reason, times in dropped.items():
        labels = f'{{provider="plivo",reason="{reason}"}}'
        assert await counted(plivo.world, f"linecard_media_dropped_total{labels}") >= times
    assert len(strange_agents.LISTENERS[line.call_id]) == 1
    await line.hang_up()


@pytest.mark.parametrize("in_pieces", [False, True])
async def test_a_message_that_is_too_large_closes_its_socket_alone(
    plivo: Plivo, in_pieces: bool
) -> None:
    line, other = await Line.ring(plivo), await Line.ring(plivo)
    large = "x" * (256 * 1024 + 1)
    async with line.connect() as ws, other.connect() as witness:
        await talk(plivo, line, ws, "s1", frames(1, 3))
        await ws.send([large[:200_000], large[200_000:]] if in_pieces else large)
        assert await closed(ws) == 1009
        await talk(plivo, other, witness, "s1", frames(2, 3))
    await line.streams(1)
    await line.hang_up()
    await other.hang_up()


async def test_the_largest_message_is_taken(plivo: Plivo) -> None:
    line = await Line.ring(plivo)
    async with line.connect() as ws:
        await talk(plivo, line, ws, "s1", frames(1, 1))
        await ws.send("x" * 256 * 1024)
        await talk_on(plivo, line, ws, "s1", frames(2, 3))
    await line.hang_up()


async def test_compression_is_never_agreed_on(plivo: Plivo) -> None:
    line = await Line.ring(plivo)
    async with connect(line.url, additional_headers=line.headers(), proxy=None) as ws:
        assert ws.protocol.extensions == []


@pytest.mark.parametrize("how", ["reset", "cut"])
async def test_a_connection_that_breaks_ends_its_stream_once(plivo: Plivo, how: str) -> None:
    line = await Line.ring(plivo)
    async with line.connect() as ws:
        await talk(plivo, line, ws, "s1", frames(1, 3))
        if how == "reset":
            raw = ws.transport.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        half = b"\x81\xfe\x01\x40" + b"\0" * 30
        ws.transport.write(half)
        await asyncio.sleep(0.05)
        ws.transport.abort()
    assert len(await line.streams(1)) == 1
    assert line.call_id in plivo.world.exchange.lives
    async with line.connect() as ws:
        await talk(plivo, line, ws, "s2", frames(2, 3))
    assert len(strange_agents.LISTENERS[line.call_id]) == 1
    await line.hang_up()
    await plivo.world.eventually(lambda: line.call_id not in plivo.world.exchange.lives)


def _config(endpoint: Callable[[WebSocket], Awaitable[None]]) -> uvicorn.Config:
    """A server of one socket, with the same protocol under it as ours."""
    app = Starlette(routes=[WebSocketRoute("/", endpoint)])
    return uvicorn.Config(
        app, port=0, ws=ImpatientWebSocket, ws_per_message_deflate=False, log_config=None
    )


async def test_a_peer_that_never_reads_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("linecard.http.socket.SEND_SECONDS", 0.3)
    taken: list[str | bytes] = []
    ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def flood(websocket: WebSocket) -> None:
        await websocket.accept()
        one = MediaSocket(websocket)
        for _ in range(200):
            one.send("x" * 100_000)
        ended.set_result(await one.read_all(taken.append))
        await one.finish()

    async with listening(_config(flood)) as url:
        port = int(url.rpartition(":")[2])
        with socket.socket() as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.setblocking(False)
            await asyncio.get_running_loop().sock_connect(deaf, ("127.0.0.1", port))
            await handshake(deaf)
            async with asyncio.timeout(20):
                assert await ended == "the carrier reads too slowly"
                while is_held(deaf.getsockname()):
                    await asyncio.sleep(0.05)
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "media socket"]


async def handshake(deaf: socket.socket) -> None:
    """Open a WebSocket and read no further than its head."""
    request = (
        b"GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
        b"sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    await asyncio.get_running_loop().sock_sendall(deaf, request)


async def test_a_full_queue_cuts_the_peer_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("linecard.http.socket.LONGEST_QUEUE", 10)
    ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def flood(websocket: WebSocket) -> None:
        await websocket.accept()
        one = MediaSocket(websocket)
        for _ in range(11):
            one.send("x")
        ended.set_result(await one.read_all(lambda _: None))
        await one.finish()

    async with (
        listening(_config(flood)) as url,
        connect(url.replace("http", "ws"), proxy=None) as ws,
    ):
        async with asyncio.timeout(20):
            assert await ended == "the carrier reads too slowly"
        with pytest.raises(ConnectionClosed):
            await ws.recv()


@pytest.mark.parametrize("agent", FAILING)
async def test_an_agent_that_fails_ends_its_own_call_alone(plivo: Plivo, agent: str) -> None:
    world = plivo.world
    witness = await Line.ring(plivo)
    async with witness.connect() as ws:
        await talk(plivo, witness, ws, "s1", frames(1, 3))
        with capture_logs() as lines:
            carrier_id = await world.carrier.call_in(CUSTOMER, FAILING[agent], TALKER)
            await world.eventually(lambda: known(plivo, carrier_id))
            call = await world.ended(await plivo.call_of(carrier_id))
            await world.eventually(lambda: call["id"] not in world.exchange.lives)
        await talk_on(plivo, witness, ws, "s1", frames(2, 3))
    asked = next(event for event in call["events"] if event["name"] == "hang-up-asked")
    assert asked["facts"] == {"reason": "agent_error"}
    assert names(call).count("agent-started") == 1
    failures = [line for line in lines if line["log_level"] == "error"]
    assert [line["event"] for line in failures] == ["the agent failed"], failures
    assert failures[0]["call"] == call["id"]
    assert carrier_id not in world.carrier.ledger.live_legs()
    await witness.hang_up()
    await world.eventually(lambda: not world.exchange.lives)
    await world.eventually(lambda: not agents_running())


async def known(plivo: Plivo, carrier_id: str) -> bool:
    """Whether we have heard of a call."""
    listed = (await plivo.world.api.get("/api/calls", params={"limit": 200})).json()["items"]
    return any(one["carrier_ids"].get("call_uuid") == carrier_id for one in listed)


def agents_running() -> list[str]:
    """Tasks of agents that are there still."""
    tasks = (task.get_name() for task in asyncio.all_tasks())
    return [name for name in tasks if name.startswith(("agent", "media socket"))]


async def test_a_call_that_ends_while_its_stream_opens_leaves_no_agent_behind(
    plivo: Plivo,
) -> None:
    line = await Line.ring(plivo)
    async with line.connect() as ws:
        await asyncio.gather(ws.send(line.start("s1")), line.hang_up())
        await closed(ws)
    await plivo.world.eventually(lambda: line.call_id not in plivo.world.exchange.lives)
    assert (await line.call())["status"] == "completed"


async def test_no_agent_is_started_for_a_call_that_has_just_ended(plivo: Plivo) -> None:
    line = await Line.ring(plivo)
    exchange = plivo.world.exchange
    async with exchange.database.read() as conn:
        call = await calls.get(conn, line.call_id)
    assert call is not None
    await line.hang_up()
    assert (await running.live_call(exchange, call, running.HERE)).is_over
    assert line.call_id not in exchange.lives
    assert "agent-started" not in names(await line.call())


async def test_an_agent_hears_of_an_end_that_another_server_was_told(
    plivo: Plivo, tmp_path: Path
) -> None:
    async with telephone(tmp_path) as first, telephone(tmp_path) as second:
        await first.register()
        line = await Line.ring(Plivo.of(first))
        async with line.connect() as ws:
            await ws.send(line.start("s1"))
            await first.eventually(lambda: line.call_id in first.exchange.lives)
            form = hangup_form(line.carrier_id, Direction="inbound")
            other = Plivo.of(second)
            said = await other.send(other.address(Kind.ENDED, line.call_id), form)
            assert said.status == 200
        await first.eventually(lambda: line.call_id not in first.exchange.lives)


async def test_an_agent_hears_of_an_end_that_only_a_look_up_has_told(plivo: Plivo) -> None:
    world = plivo.world
    world.carrier.faults.callback_drop = 1
    try:
        phone = Phone(script=(Wait(2),), hangs_up=True)
        carrier_id = await world.carrier.call_in(CUSTOMER, OURS, phone)
        await world.eventually(lambda: known(plivo, carrier_id))
        call = await world.ended(await plivo.call_of(carrier_id))
        await world.eventually(lambda: call["id"] not in world.exchange.lives)
    finally:
        world.carrier.faults.callback_drop = 0
    assert call["status"] == "completed"
