"""Documents: the same bytes for the same question, a way on for every stream that dies, and an end."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any
from xml.etree.ElementTree import Element, fromstring

import pytest
import pytest_asyncio

from linecard.simulator.ledger import Entry, What
from linecard.simulator.phone import BUSY, Phone, human
from linecard.simulator.script import Wait
from linecard.webhook import Kind
from tests.calls.signed import (
    Line,
    Plivo,
    answer_form,
    document,
    everything,
    hangup_form,
    outbound_form,
    tail_form,
)
from tests.calls.telephone import CUSTOMER, HUMAN, OURS, Telephone, names, telephone

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATIENT = Phone(script=(Wait(300),))
HUNG_UP = b"<?xml version='1.0' encoding='utf-8'?>\n<Response><Hangup /></Response>"
WANTED = (Kind.ANSWER, Kind.NEXT, Kind.TRANSFER, Kind.GATHERED, Kind.FALLBACK, Kind.DIALED)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def plivo(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Plivo]:
    async with telephone(
        tmp_path_factory.mktemp("world"), max_calls_per_number_per_day="1000"
    ) as world:
        await world.register(channels=1000)
        yield Plivo.of(world)


@pytest.fixture
def world(plivo: Plivo) -> Iterator[Telephone]:
    """The world, its carrier without faults again afterwards."""
    yield plivo.world
    faults, quirks = plivo.world.carrier.faults, plivo.world.carrier.quirks  # type: ignore[attr-defined]
    faults.rest, quirks.tail_runs = "", True
    for name in ("socket_reset", "socket_refused", "error_before"):
        setattr(faults, name, 0)


def tags(made: Element) -> list[str]:
    """The elements of a document."""
    return [child.tag for child in made]


def wanted_by(kind: Kind, carrier_id: str) -> dict[str, str]:
    """A form that asks for the document of this kind."""
    extra = {
        Kind.GATHERED: {"Digits": "1"},
        Kind.DIALED: {"DialStatus": "busy", "DialALegUUID": carrier_id, "DialHangupCause": "X"},
    }
    return tail_form(carrier_id, **extra.get(kind, {}))


def next_address(made: Element) -> str:
    """Where the tail of a document asks what comes next, without the carrier's own rules."""
    return (made.findtext("Redirect") or "").partition("#")[0]


async def test_a_repeated_question_gets_the_same_bytes(plivo: Plivo) -> None:
    line = await Line.ring(plivo)
    for kind in WANTED:
        url = plivo.address(kind, line.call_id, "reference")
        first = await plivo.send(url, wanted_by(kind, line.carrier_id))
        assert first.status == 200
        before = await everything(plivo.world)
        again = await plivo.send(url, wanted_by(kind, line.carrier_id))
        assert again.body == first.body
        assert await everything(plivo.world) == before
    await line.hang_up()


async def test_questions_at_the_same_time_are_one_decision(plivo: Plivo) -> None:
    line = await Line.ring(plivo)
    url = plivo.address(Kind.NEXT, line.call_id, "one-stream")
    said = await asyncio.gather(*(plivo.send(url, tail_form(line.carrier_id)) for _ in range(8)))
    assert len({one.body for one in said}) == 1
    assert names(await line.call()).count("stream-asked-again") == 1
    await line.hang_up()


async def test_a_stream_is_asked_for_again_twice_and_then_the_caller_is_told(
    plivo: Plivo,
) -> None:
    line = await Line.ring(plivo)
    made = await document(plivo, plivo.address(Kind.ANSWER), answer_form(CallUUID=line.carrier_id))
    seen, urls = [tags(made)], [made.findtext("Stream")]
    while "Stream" in seen[-1]:
        url = next_address(made)
        made = await document(plivo, url, tail_form(line.carrier_id))
        repeated = await document(plivo, url, tail_form(line.carrier_id))
        assert tags(repeated) == tags(made)
        seen.append(tags(made))
        urls.append(made.findtext("Stream"))
    assert seen == [["Stream", "Redirect"]] * 3 + [["Speak", "Hangup"]]
    assert len(set(urls)) == 4
    await line.hang_up()


async def test_once_a_hang_up_is_wished_every_document_hangs_up(plivo: Plivo) -> None:
    line = await Line.ring(plivo)
    for kind in WANTED:
        await plivo.send(plivo.address(kind, line.call_id, "r"), wanted_by(kind, line.carrier_id))
    answer = await plivo.world.api.post(f"/api/calls/{line.call_id}/hangup")
    assert answer.status_code == 202
    for kind in WANTED:
        for reference in ("r", "another"):
            url = plivo.address(kind, line.call_id, reference)
            said = await plivo.send(url, wanted_by(kind, line.carrier_id))
            assert (said.status, said.body) == (200, HUNG_UP), kind
    await line.hang_up()


async def test_once_a_call_is_over_every_document_hangs_up(plivo: Plivo) -> None:
    line = await Line.ring(plivo)
    await line.hang_up()
    for kind in WANTED:
        url = plivo.address(kind, line.call_id, "r")
        said = await plivo.send(url, wanted_by(kind, line.carrier_id))
        assert (said.status, said.body) == (200, HUNG_UP), kind


async def test_after_a_restart_no_second_agent_is_brought_to_a_call(
    plivo: Plivo, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("restarted")
    async with telephone(folder) as first:
        await first.register(channels=10)
        before = Plivo.of(first)
        line = await Line.ring(before)
        async with line.connect() as ws:
            await ws.send(line.start("s1"))
            await first.until(line.call_id, lambda call: "agent-started" in names(call))
            async with telephone(folder) as second:
                after = Plivo.of(second)
                url = after.address(Kind.NEXT, line.call_id, "tail")
                made = await document(after, url, tail_form(line.carrier_id))
                assert tags(made) == ["Speak", "Hangup"]
                dialled = after.address(Kind.DIALED, line.call_id, "none")
                made = await document(after, dialled, wanted_by(Kind.DIALED, line.carrier_id))
                assert tags(made) == ["Speak", "Hangup"]
        await line.hang_up()


def documents(world: Telephone, carrier_id: str) -> list[tuple[str, ...]]:
    """The elements of every document that the carrier has run for a call."""
    entries = world.carrier.ledger.all(What.DOCUMENT, carrier_id)
    return [tuple(str(tag) for tag in entry.facts["elements"]) for entry in entries]  # type: ignore[attr-defined]


async def came_in(world: Telephone) -> tuple[str, dict[str, Any]]:
    """A call from a patient customer: the carrier's id, and our call once it is there."""
    carrier_id = await world.carrier.call_in(CUSTOMER, OURS, PATIENT)
    await world.carrier.ledger.until(What.DOCUMENT, carrier_id)
    return carrier_id, await world.call(await Plivo.of(world).call_of(carrier_id))


@pytest.mark.parametrize("fault", ["socket_reset", "socket_refused"])
async def test_streams_that_die_are_replaced_twice_and_then_the_caller_is_told(
    world: Telephone, fault: str
) -> None:
    setattr(world.carrier.faults, fault, 1)
    carrier_id, call = await came_in(world)
    call = await world.ended(call["id"])
    stream = ("Stream", "Redirect")
    assert documents(world, carrier_id) == [stream, stream, stream, ("Speak", "Hangup")]
    assert names(call).count("stream-asked-again") == 2
    assert names(call).count("agent-started") == (1 if fault == "socket_reset" else 0)
    assert carrier_id not in world.carrier.ledger.live_legs()
    await world.eventually(lambda: call["id"] not in world.exchange.lives)


@contextmanager
def one_reset(world: Telephone) -> Iterator[None]:
    """The next frame of audio breaks its connection."""

    def see(entry: Entry) -> None:
        if entry.what is What.STREAM_CLOSED:
            world.carrier.faults.socket_reset = 0

    unwatch = world.carrier.ledger.watch(see)
    world.carrier.faults.socket_reset = 1
    yield
    unwatch()


async def test_the_same_agent_goes_on_after_a_stream_that_died(world: Telephone) -> None:
    carrier_id, call = await came_in(world)
    call = await world.until(call["id"], lambda one: "agent-started" in names(one))
    live = world.exchange.lives[call["id"]]
    with one_reset(world):
        await world.until(call["id"], lambda one: names(one).count("stream-started") == 2)
    assert world.exchange.lives[call["id"]] is live
    await world.api.post(f"/api/calls/{call['id']}/hangup")
    call = await world.ended(call["id"])
    assert names(call).count("agent-started") == 1
    assert carrier_id not in world.carrier.ledger.live_legs()


async def test_a_carrier_that_never_runs_the_tail_leaves_no_leg_either(world: Telephone) -> None:
    world.carrier.quirks.tail_runs = False  # type: ignore[attr-defined]
    world.carrier.faults.socket_reset = 1
    carrier_id, call = await came_in(world)
    call = await world.ended(call["id"])
    assert documents(world, carrier_id) == [("Stream", "Redirect")]
    assert carrier_id not in world.carrier.ledger.live_legs()
    await world.eventually(lambda: call["id"] not in world.exchange.lives)


async def transferring(world: Telephone, phone: Phone) -> tuple[str, str, str]:
    """A call that is being transferred to that phone: its id at the carrier, ours, the reference."""
    world.carrier.phones[HUMAN] = phone
    carrier_id, call = await came_in(world)
    await world.until(call["id"], lambda one: "agent-started" in names(one))
    answer = await world.api.post(f"/api/calls/{call['id']}/transfer", json={"to": [HUMAN]})
    assert answer.status_code == 202, answer.text
    await world.carrier.ledger.until(What.DOCUMENT, carrier_id, elements=("Dial",))
    asked = await world.carrier.ledger.until(What.WEBHOOK, carrier_id, kind="document transfer")
    found = re.search(r"[?&]x=([^&]+)", str(asked.facts["url"]))
    assert found
    return carrier_id, call["id"], found.group(1)


async def test_a_transfer_is_the_same_dial_however_it_is_asked_for(
    plivo: Plivo, world: Telephone
) -> None:
    carrier_id, call_id, reference = await transferring(world, Phone(ring_seconds=100))
    asked = await world.carrier.ledger.until(What.WEBHOOK, carrier_id, kind="document transfer")
    url = plivo.address(Kind.TRANSFER, call_id, reference)
    again = await plivo.send(url, tail_form(carrier_id))
    assert again.body.decode() == asked.facts["reply"]
    tail = await plivo.send(plivo.address(Kind.NEXT, call_id, "s1"), tail_form(carrier_id))
    assert tail.body == again.body
    assert fromstring(tail.body).findtext("Dial/Number") == HUMAN.removeprefix("+")
    assert world.carrier.ledger.dials(HUMAN) == 1
    await world.api.post(f"/api/calls/{call_id}/hangup")
    await world.ended(call_id)


async def test_what_follows_a_dial_depends_on_how_it_went(plivo: Plivo, world: Telephone) -> None:
    for phone, elements in (
        (BUSY, ["Stream", "Redirect"]),
        (human("hello", talk_seconds=1), ["Hangup"]),
    ):
        carrier_id, call_id, reference = await transferring(world, phone)
        await world.carrier.ledger.until(What.WEBHOOK, carrier_id, kind="document action")
        if elements == ["Hangup"]:
            await world.ended(call_id)
        url = plivo.address(Kind.DIALED, call_id, reference)
        status = "completed" if elements == ["Hangup"] else "busy"
        form = wanted_by(Kind.DIALED, carrier_id) | {"DialStatus": status}
        assert tags(await document(plivo, url, form)) == elements
        await world.api.post(f"/api/calls/{call_id}/hangup")
        await world.ended(call_id)


async def test_a_transfer_that_the_carrier_refused_is_never_dialled(
    plivo: Plivo, world: Telephone
) -> None:
    carrier_id, call = await came_in(world)
    await world.until(call["id"], lambda one: "agent-started" in names(one))
    world.carrier.faults.rest = rf"POST .*/Call/{carrier_id}/$"
    world.carrier.faults.error_before = 1
    answer = await world.api.post(f"/api/calls/{call['id']}/transfer", json={"to": [HUMAN]})
    assert answer.status_code >= 400
    world.carrier.faults.error_before = 0
    rows = (await everything(world))["transfers"]
    reference = next(str(row[0]) for row in rows if call["id"] in row)
    url = plivo.address(Kind.TRANSFER, call["id"], reference)
    assert tags(await document(plivo, url, tail_form(carrier_id))) == ["Stream", "Redirect"]
    await world.api.post(f"/api/calls/{call['id']}/hangup")
    await world.ended(call["id"])


HOSTILE = [
    "<Hangup/>",
    '"/><Dial><Number>19005550100</Number></Dial><x a="',
    "]]><!--",
    "&lt;Record action='http://evil.example'/&gt;",
    "<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>",
    "\u202e\u05d0\u05d1\u05d2 moc.elpmaxe",
    "\ufeff\ufffe\U0001f600\u0000",
    "line\r\nSet-Cookie: a=b",
    "\x1b[31mred",
    "%0d%0a%3CHangup/%3E",
    "' OR 1=1 --",
    "{{7*7}} ${7*7}",
]


def shape(made: Element) -> Any:
    """The tree of a document without the parts that differ from call to call."""
    plain = {name: re.sub(r"[0-9a-f]{20}|t=[^&]+", "*", value) for name, value in made.items()}
    text = re.sub(r"[0-9a-f]{20}|t=[^&#]+|/ws/plivo/.+", "*", made.text or "")
    return made.tag, plain, text, [shape(child) for child in made]


def strange_texts() -> list[str]:
    """Hostile texts, and noise from every part of Unicode that a form can carry."""
    noise = random.Random(12)
    planes = (0x20, 0x7F, 0x7FF, 0xD7FF, 0x10FFFF)
    letters = [chr(noise.randrange(1, noise.choice(planes))) for _ in range(400)]
    valid = "".join(one for one in letters if not 0xD800 <= ord(one) <= 0xDFFF)
    return [*HOSTILE, *(valid[at : at + 16] for at in range(0, len(valid), 16))]


async def test_hostile_text_never_changes_the_tree_of_a_document(plivo: Plivo) -> None:
    wanted = shape(await document(plivo, plivo.address(Kind.ANSWER), answer_form()))
    taken = 0
    for text in strange_texts():
        for name in ("CallerName", "From", "To", "X-PH-Note", "STIRAttestation"):
            said = await plivo.send(plivo.address(Kind.ANSWER), answer_form(**{name: text}))
            assert said.status in (200, 400), said
            if said.status == 200:
                taken += 1
                assert shape(fromstring(said.body)) == wanted
    assert taken > len(HOSTILE)


async def test_hostile_metadata_never_reaches_a_document(plivo: Plivo, world: Telephone) -> None:
    world.carrier.phones[CUSTOMER] = Phone(ring_seconds=600)
    seen = set()
    for text in ("plain", *HOSTILE):
        placed = await world.dial(metadata={"note": text, text: "x"})
        ringing = await world.until(placed["id"], lambda call: bool(call["carrier_ids"]))
        carrier_id = next(iter(ringing["carrier_ids"].values()))
        url = plivo.address(Kind.ANSWER, placed["id"])
        made = await document(plivo, url, outbound_form(carrier_id))
        seen.add(repr(shape(made)))
        over = plivo.address(Kind.ENDED, placed["id"])
        assert (await plivo.send(over, hangup_form(carrier_id))).status == 200
    assert len(seen) == 1
