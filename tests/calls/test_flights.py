"""The flight recorder beside whole calls: what it writes, what it never writes, and that off is off."""

from __future__ import annotations

import asyncio
import base64
import io
import logging
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, cast

import pytest
import structlog

from linecard.errors import ConfigurationError
from linecard.flight.reading import Recorded, read
from linecard.live import LiveCall
from linecard.logs import configure
from linecard.settings import Secret
from linecard.simulator.phone import Phone
from linecard.simulator.script import Press, Speak, Wait
from linecard.simulator.speech import speech
from tests.calls.telephone import CUSTOMER, KEY, OURS, Telephone, telephone
from tests.replay.recording import (
    PROVIDERS,
    SCENARIOS,
    file_of,
    numbers,
    recorded_world,
)

PRESSED = "8306142"
GUARDED = {
    "EXOTEL_WEBHOOK_USER": "canary-user",
    "EXOTEL_WEBHOOK_PASSWORD": "canary-password-1",
}
TYPES = Phone(
    script=(Wait(2.0), Speak(speech("my card number is")), *map(Press, PRESSED), Wait(1.0)),
    hangs_up=True,
)


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Everything that was logged, at DEBUG."""
    written = io.StringIO()
    monkeypatch.setattr("sys.stderr", written)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers = []
    configure(json=True, level=logging.DEBUG)
    yield written.getvalue
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()


async def call_recorded(world: Telephone, folder: Path, scenario: str) -> Recorded:
    call_id = await SCENARIOS[scenario](world)
    await world.ended(call_id)
    await world.eventually(lambda: not world.exchange.lives)
    assert world.exchange.flights is not None
    await world.exchange.flights.close(world.exchange.database)
    return read(file_of(folder, call_id))


async def test_a_whole_call_stands_in_its_file(tmp_path: Path) -> None:
    async with recorded_world(tmp_path, "plivo") as world:
        recorded = await call_recorded(world, tmp_path, "busy human")
        call = await world.api.get(f"/api/calls/{recorded.head['call']['id']}")
    assert recorded.of("hook")[0]["hook"] == "place_call"
    assert {line["kind"] for line in recorded.of("webhook")} >= {"answer", "ended"}
    replies = [line["reply"]["status"] for line in recorded.of("webhook")]
    assert set(replies) == {200}
    streams = [line["stream"] for line in recorded.of("stream")]
    assert [line["stream"] for line in recorded.of("stream-over")] == streams != []
    assert {line["dir"] for line in recorded.of("frame")} >= {"in", "out", "send"}
    assert recorded.of("ask")[-1]["ask"] == "finished"
    shown = [event["name"] for event in call.json()["events"]]
    assert [line["name"] for line in recorded.timeline] == shown
    assert recorded.record["call"]["status"] == "completed"
    assert [one["result"] for one in recorded.record["transfers"]] in (["busy"], [])
    times = [line["t"] for line in recorded.lines]
    assert times == sorted(times)
    assert not recorded.is_cut


async def test_news_that_come_late_are_written_behind_the_end(tmp_path: Path) -> None:
    async with recorded_world(tmp_path, "plivo") as world:
        recorded = await call_recorded(world, tmp_path, "comes in")
        call_id = recorded.head["call"]["id"]
        flights = world.exchange.flights
        assert flights is not None
        assert flights.of_id(call_id) is None
        answer = await world.api.post(f"/api/calls/{call_id}/hangup")
        assert answer.status_code == 409
        async with world.exchange.database.read() as conn:
            from linecard.store import calls

            call = await calls.get(conn, call_id)
        assert call is not None
        flights.of(call).put("event", {"event": "call-rated", "facts": {}})
        await flights.close(world.exchange.database)
    again = read(file_of(tmp_path, call_id))
    assert len(again.lines) > len(recorded.lines)
    assert again.of("event")[-1]["event"] == "call-rated"
    assert len(again.of("end")) == 2


async def test_a_quiet_file_is_closed_while_the_server_runs(tmp_path: Path) -> None:
    async with recorded_world(tmp_path, "plivo") as world:
        call_id = await SCENARIOS["busy"](world)
        await world.ended(call_id)
        flights = world.exchange.flights
        assert flights is not None
        await world.eventually(lambda: flights.of_id(call_id) is None)
        await world.eventually(lambda: bool(read(file_of(tmp_path, call_id)).of("end")))


async def test_a_folder_that_cannot_be_written_to_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "flights").write_text("a file")
    with pytest.raises(ConfigurationError, match="LINECARD_FLIGHT_DIR"):
        async with recorded_world(tmp_path, "plivo"):
            pass
    assert {task.get_name() for task in asyncio.all_tasks()}.isdisjoint({"reconciler", "outbox"})


async def test_a_recorder_that_fails_costs_no_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: object) -> None:
        raise RuntimeError("a fault of the recorder")

    async with recorded_world(tmp_path, "plivo") as world:
        monkeypatch.setattr("linecard.exchange.flights.Flights._head", broken)
        call_id = await SCENARIOS["comes in"](world)
        call = await world.ended(call_id)
        assert call["status"] == "completed"


async def test_off_is_off(tmp_path: Path) -> None:
    async with telephone(tmp_path) as world:
        assert world.exchange.flights is None
        world.carrier.phones[CUSTOMER] = Phone(script=(Wait(300),))
        await world.register()
        placed = await world.dial()
        await world.eventually(lambda: placed["id"] in world.exchange.lives)
        live = world.exchange.lives[placed["id"]]
        assert type(live) is LiveCall
        await world.eventually(lambda: live.streaming)
        session: Any = live._voice.session
        assert type(session._protocol).__module__ == "linecard_plivo.stream"
        hook = world.exchange.plugins.relay("plivo").hooks.hang_up
        assert "tapping" not in hook.__code__.co_filename
        await world.api.post(f"/api/calls/{placed['id']}/hangup")
        await world.ended(placed["id"])
    assert [file.name for file in tmp_path.iterdir() if "flight" in file.name] == []


async def test_a_request_with_a_false_signature_is_recorded_and_one_without_token_is_not(
    tmp_path: Path,
) -> None:
    async with recorded_world(tmp_path, "plivo") as world:
        world.carrier.phones[CUSTOMER] = Phone(script=(Wait(300),))
        await world.register(number=OURS)
        placed = await world.dial()
        await world.until(placed["id"], lambda call: call["status"] == "in-progress")
        ours = world.exchange.addresses("plivo", "main")
        from linecard.webhook import Kind

        url = ours.webhook(Kind.ENDED, placed["id"])
        for address in (url, re.sub("t=[^&]+", "t=forged", url)):
            answer = await world.api.post(address, data={"CallStatus": "completed"})
            assert answer.status_code == 403
        await world.api.post(f"/api/calls/{placed['id']}/hangup")
        await world.ended(placed["id"])
    refused = [
        line for line in read(file_of(tmp_path, placed["id"])).of("webhook") if "error" in line
    ]
    assert [(line["stage"], line["error"]["status"]) for line in refused] == [("proof", 403)]


def secrets_of(world: Telephone) -> set[str]:
    """Every secret that the server knows, as it is and as Basic auth sends it."""
    settings = world.exchange.settings
    found = {KEY, *settings.secret.values()}
    for account in settings.accounts[world.carrier.name]:
        values = {
            field.name: getattr(account.values, field.name)
            for field in fields(cast(Any, account.values))
        }
        hidden = {
            one for value in values.values() if isinstance(value, Secret) for one in value.values()
        }
        hidden |= {str(value) for name, value in values.items() if name == "api_key" and value}
        texts = [value for value in values.values() if isinstance(value, str) and value]
        found |= hidden
        found |= {base64.b64encode(f"{a}:{b}".encode()).decode() for a in texts for b in hidden}
    return found


async def proofs_of(world: Telephone) -> set[str]:
    from linecard.store import numbers as registered

    async with world.exchange.database.read() as conn:
        number = await registered.get(conn, numbers(world)["ours"])
    assert number is not None
    return set(number.proofs)


def telephone_numbers(world: Telephone) -> set[str]:
    """The last eight digits, which no other way of writing a number leaves out."""
    return {number[-8:] for number in numbers(world).values()}


def texts(folder: Path) -> str:
    return "\n".join(file.read_text() for file in (folder / "flights").iterdir())


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("scenario", ["bridged", "typed"])
async def test_nothing_private_stands_in_files_or_logs(
    tmp_path: Path, provider: str, scenario: str, logged: Any
) -> None:
    variables = GUARDED if provider == "exotel" else {}
    minted: set[str] = set()
    async with recorded_world(tmp_path, provider, variables=variables) as world:
        listen(world, minted)
        if scenario == "typed":
            world.carrier.phones[numbers(world)["customer"]] = TYPES
            call_id = await typed(world)
        else:
            call_id = await SCENARIOS["bridged"](world)
        await world.ended(call_id)
        canaries = {
            *secrets_of(world),
            *await proofs_of(world),
            *telephone_numbers(world),
            "canary-metadata",
        }
    written, lines = texts(tmp_path), logged()
    assert len(minted) >= 5
    assert len(canaries) >= 8
    assert '"k":"webhook"' in written
    for canary in canaries | minted:
        assert canary not in written, canary
        assert canary not in lines, canary
    assert not re.search(
        r"(?<![*\d])[0-9]{7}(?=[^0-9])", "".join(re.findall(r'"digits?":"([^"]*)', written))
    )
    assert not re.search(r'digit\\":\\"[0-9]', written)
    assert PRESSED not in written + lines


async def typed(world: Telephone) -> str:
    from tests.replay.recording import dial, set_up

    await set_up(world)
    return await dial(world, record=True, metadata={"secret": "canary-metadata"})


def listen(world: Telephone, minted: set[str]) -> None:
    """Keep every token that the server gives out."""
    tokens: Any = world.exchange.tokens
    webhook, stream = tokens.webhook, tokens.stream

    def of_webhook(*args: Any) -> str:
        made: str = webhook(*args)
        minted.add(made)
        return made

    def of_stream(claims: Any) -> str:
        made: str = stream(claims)
        minted.add(made)
        return made

    tokens.webhook = of_webhook
    tokens.stream = of_stream
