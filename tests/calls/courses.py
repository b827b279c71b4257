"""Courses that a call can take, on any carrier, and what its explanation has to say of each."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any

import linecard
from linecard.simulator.phone import BUSY, NO_ANSWER, Phone, human, voicemail
from linecard.simulator.script import Speak, Wait
from linecard.simulator.speech import speech
from linecard.store import numbers
from tests.calls.faulty import fault
from tests.calls.lines import Line
from tests.calls.telephone import names
from tests.calls.test_routing import closed_now
from tests.calls.test_settling import age, sweep
from tests.calls.transferring import PLANS, Plan

PREFIX = {"plivo": "+14155552", "twilio": "+14155552", "exotel": "+91981234"}
STAYS = Phone(ring_seconds=0.1, script=(Wait(300),))
TALKS = Phone(
    ring_seconds=0.1, script=(Wait(0.5), Speak(speech("hello")), Wait(5.0)), hangs_up=True
)
ANNA = human("hello this is anna", ring_seconds=0.5, talk_seconds=2.0)
AGENTS = (
    "tests.calls.courses:teller",
    "tests.calls.transferring:mover",
    "tests.calls.strange_agents:fails_at_once",
)
LIMITS = {"max_calls_per_minute": "10000", "max_calls_per_number_per_day": "10000"}


@linecard.agent
async def teller(call: linecard.LiveCall) -> None:
    """Says something and is done."""
    await call.play(b"\x00\x10" * call.rate)
    await call.played()


@dataclass(frozen=True, slots=True)
class Played:
    """A line with numbers of customers that nobody has called from yet."""

    at: Line
    places: Iterator[int] = field(default_factory=lambda: count(100))

    @property
    def name(self) -> str:
        """The carrier's."""
        return self.at.world.carrier.name

    def customer(self, phone: Phone = STAYS) -> str:
        """The number of a new one, and their phone."""
        number = f"{PREFIX[self.name]}{next(self.places):03}"
        number += "0" * (len(self.at.customer) - len(number))
        self.at.world.carrier.phones[number] = phone
        return number

    async def dial(self, phone: Phone, **wish: object) -> str:
        """The id of a call that goes out to a new customer."""
        placed = await self.at.world.dial(self.customer(phone), **{"from": self.at.ours, **wish})
        return str(placed["id"])

    async def call_in(self, phone: Phone, caller: str | None = None, **number: object) -> str:
        """The id of a call that comes in, our number having been changed before."""
        changes = {"agent": "echo", "routing": {}, "enabled": True, **number}
        answer = await self.at.world.api.patch(f"/api/numbers/{self.at.ours}", json=changes)
        assert answer.status_code == 200, answer.text
        return await self.arrives(phone, caller or self.customer())

    async def arrives(self, phone: Phone, caller: str) -> str:
        """The id of a call that comes in."""
        await self.at.world.carrier.call_in(caller, self.at.ours, phone)
        async with asyncio.timeout(20):
            while True:
                items = (await self.at.world.api.get("/api/calls?limit=5")).json()["items"]
                mine = [one for one in items if one["from"] == caller]
                if mine:
                    return str(mine[0]["id"])
                await asyncio.sleep(0.05)

    async def has(self, call_id: str, name: str) -> dict[str, Any]:
        """The call once it has an event of that name."""
        return await self.at.world.until(call_id, lambda call: name in names(call))


Run = Callable[[Played], Awaitable[str]]


async def ended_by_the_caller(of: Played) -> str:
    return await of.call_in(TALKS)


async def ended_by_the_agent(of: Played) -> str:
    return await of.dial(STAYS, agent="teller")


async def busy(of: Played) -> str:
    return await of.dial(BUSY)


async def no_answer(of: Played) -> str:
    return await of.dial(NO_ANSWER, ring_seconds=5)


async def agent_error(of: Played) -> str:
    return await of.dial(STAYS, agent="fails_at_once")


async def agent_missing(of: Played) -> str:
    """The number's agent was there when it was registered."""
    database = of.at.world.exchange.database
    async with database.write() as conn:
        await numbers.update(conn, of.at.ours, agent="gone", routing={})
    call_id = await of.arrives(STAYS, of.customer())
    async with database.write() as conn:
        await numbers.update(conn, of.at.ours, agent="echo")
    return call_id


async def never_opened(of: Played) -> str:
    with fault(of.at.world, "", socket_refused=1):
        call_id = await of.call_in(STAYS)
        await of.at.world.ended(call_id)
    return call_id


async def never_opened_at_dial(of: Played) -> str:
    """Nothing stands behind such a stream: its failure is the call's end."""
    with fault(of.at.world, "", socket_refused=1):
        call_id = await of.dial(STAYS)
        await of.at.world.ended(call_id)
    return call_id


async def came_again(of: Played) -> str:
    call_id = await of.call_in(Phone(script=(Wait(12.0),), hangs_up=True))
    await of.has(call_id, "stream-started")
    with fault(of.at.world, "", socket_reset=1):
        await of.has(call_id, "stream-ended")
    return call_id


async def bridged(of: Played) -> str:
    return await _transferred(of, ANNA)


async def target_busy(of: Played) -> str:
    return await _transferred(of, BUSY)


async def _transferred(of: Played, phone: Phone) -> str:
    caller = of.customer()
    PLANS[caller] = Plan(to=(of.customer(phone),), wish={"timeout": 6})
    return await of.call_in(STAYS, caller, agent="mover")


async def not_allowed(of: Played) -> str:
    caller = of.customer()
    PLANS[caller] = Plan(to=("+442071838750",))
    return await of.call_in(STAYS, caller, agent="mover")


async def outage(of: Played) -> str:
    """Nobody answers, nobody tells us, and the carrier is asked."""
    with fault(of.at.world, "", callback_drop=1):
        call_id = await of.dial(NO_ANSWER, ring_seconds=5)
        ledger = of.at.world.carrier.ledger
        await of.at.world.eventually(lambda: ledger.live_legs() == ())
        await age(of.at.world, call_id, timedelta(minutes=30))
        await sweep(of.at.world)
    return call_id


async def out_of_hours(of: Played) -> str:
    routing = {"hours": closed_now(closed={"do": "busy"})}
    return await of.call_in(STAYS, routing=routing)


async def blocked(of: Played) -> str:
    caller = of.customer()
    await of.at.world.api.post("/api/blocklist", json={"caller": caller})
    return await of.call_in(STAYS, caller)


async def machine(of: Played) -> str:
    return await of.dial(voicemail("hello", ring_seconds=0.2, patience=3.0), machine="detect")


async def recording_refused(of: Played) -> str:
    call_id = await of.dial(STAYS)
    await of.has(call_id, "stream-started")
    with fault(of.at.world, r"POST .*/Record", error_before=1):
        asked = await of.at.world.api.post(f"/api/calls/{call_id}/recording", json={"do": "start"})
        assert asked.status_code == 502, asked.text
        await of.has(call_id, "recording-start-refused")
    await of.at.world.api.post(f"/api/calls/{call_id}/hangup")
    return call_id


async def signature_refused(of: Played) -> str:
    """While the carrier's requests are not believed, the call goes on without us."""
    with fault(of.at.world, "", bad_signature=1):
        call_id = await of.dial(TALKS)
        ledger = of.at.world.carrier.ledger
        await of.at.world.eventually(lambda: ledger.live_legs() == ())
    await age(of.at.world, call_id, timedelta(minutes=30))
    await sweep(of.at.world)
    return call_id


async def never_started(of: Played) -> str:
    """Sockets are opened, and nothing is said on them."""
    with fault(of.at.world, "", socket_no_start=1):
        call_id = await of.call_in(Phone(script=(Wait(14.0),), hangs_up=True))
        await of.at.world.ended(call_id)
    return call_id


@dataclass(frozen=True, slots=True)
class Course:
    """What is played, what has to be said (patterns), and what has to be advised; None: nothing at all."""

    run: Run
    says: tuple[str, ...]
    advises: str | None = None
    carriers: frozenset[str] = frozenset({"plivo", "twilio", "exotel"})


OF_DOCUMENTS = frozenset({"plivo", "twilio"})
SIGNED = OF_DOCUMENTS
COURSES: tuple[Course, ...] = (
    Course(
        ended_by_the_caller,
        (
            r"came in on the number \+\d{4}\*\*\*\d{4} \(\w+, account main, profile ",
            r"decided to connect the caller with an agent, echo: no rule applies: the number's agent",
            r"Its agent was echo, the number's own",
            r"The first sound of the agent went out \d",
            r"The call had 1 audio stream\.",
            r"It ended as completed",
            r"ended by the caller|the other side ended it|caller hung up",
        ),
    ),
    Course(
        ended_by_the_agent,
        (r"Our side had asked for the end: its agent was done", r"The agent was done\."),
    ),
    Course(busy, (r"the line was busy", r"Nobody answered it", r"It ended as busy")),
    Course(no_answer, (r"nobody answered", r"It ended as no-answer")),
    Course(agent_error, (r"its agent failed", r"The agent failed\."), "fails_at_once failed"),
    Course(agent_missing, (r"agent gone could not be started",), "--agent gone=module:function"),
    Course(
        never_opened,
        (r"No audio stream ever opened, though the carrier was asked 3 times",),
        r"The stream never opened: the carrier could not reach ws://127",
        carriers=OF_DOCUMENTS,
    ),
    Course(
        never_opened_at_dial,
        (r"No audio stream ever opened",),
        r"the carrier can(no|ould no)t reach ws://127",
        carriers=frozenset({"exotel"}),
    ),
    Course(
        came_again,
        (r"The call had [23] audio streams", r"The stream ended: ", r"asked to open another"),
        carriers=OF_DOCUMENTS,
    ),
    Course(
        bridged,
        (
            r"Transfer 1, cold, to \+\d{4}\*\*\*\d{4}: .* with the result bridged",
            r"A cold transfer was asked for: one target",
        ),
    ),
    Course(target_busy, (r"Transfer 1, .* with the result (busy|failed)", r"transfer ended: ")),
    Course(
        not_allowed,
        (r"transfer was asked for and not begun: ",),
        "LINECARD_TRANSFER_ALLOW",
    ),
    Course(outage, (r"The end was found by asking the carrier",)),
    Course(out_of_hours, (r"give the caller the busy tone: closed at ", r"got no agent")),
    Course(blocked, (r"refuse the call: the blocklist has \+\d{4}\*\*\*\d{4}", r"It had no agent")),
    Course(machine, (r"judged to be: machine",), carriers=OF_DOCUMENTS),
    Course(
        recording_refused,
        (r"A recording was asked for", r"The recording could not be started: "),
        carriers=OF_DOCUMENTS,
    ),
    Course(
        never_started,
        (r"Media sockets on which no stream opened: \d, because no opening message in time",),
        carriers=OF_DOCUMENTS,
    ),
    Course(
        signature_refused,
        (r"Refused requests at addresses of this call: \d+",),
        "LINECARD_PUBLIC_URL must be exactly",
        carriers=SIGNED,
    ),
)
