"""Lines of three carriers, and phones that are answered by somebody or something else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import linecard
from linecard.calls import Call
from linecard.media.g711 import decode_pcmu, encode_pcmu
from linecard.simulator.handset import Handset
from linecard.simulator.phone import Phone, fax, voicemail
from linecard.simulator.script import Speak, Wait
from linecard.simulator.speech import beep, speech
from linecard.store import calls
from tests.calls.lines import NUMBERS, Line, line
from tests.calls.telephone import Telephone

SHORT_GREETING = "leave a message"
"""Its beep is over before a carrier that waits for beeps tells of one."""
GREETING = "we are not at home please leave us a message after the tone"
HUMAN = Phone(script=(Speak(speech("hello")), Wait(60)))
PUZZLING = Phone(script=(Speak(speech("hello")), Wait(60)), is_puzzling=True)
MACHINE = voicemail(GREETING, ring_seconds=0.5)
SHORT_MACHINE = voicemail(SHORT_GREETING, ring_seconds=0.5)
NO_BEEP = Phone(script=(Speak(speech(GREETING)), Wait(60)), is_machine=True)
IMPATIENT = voicemail(GREETING, ring_seconds=0.5, patience=1.5)
FAX = fax(ring_seconds=0.5)


def after_beep(handset: Handset) -> int:
    """The byte of a machine's own sound at which its beep is over."""
    at = bytes(handset.said).index(beep())
    return at + len(beep())


def sounding(heard: bytes) -> bytes:
    """What is not silence, sample for sample: a busy machine plays gaps, and they are no sound."""
    line = np.frombuffer(heard, "<i2")
    return bytes(line[line != 0].tobytes())


def on_line(provider: str, sound: bytes) -> bytes:
    """A sound as the line of a carrier brings it to the phone."""
    return decode_pcmu(encode_pcmu(sound)) if provider == "twilio" else sound


@dataclass(frozen=True, slots=True)
class Dialled:
    """Our line, from which one customer is called."""

    world: Telephone
    line: Line

    async def dial(self, phone: Phone, **wish: object) -> dict[str, Any]:
        """A call to a customer with this phone; it has just been placed."""
        self.world.carrier.phones[self.line.customer] = phone
        return await self.world.dial(self.line.customer, **{"from": self.line.ours, **wish})

    async def over(self, placed: dict[str, Any]) -> dict[str, Any]:
        """The call once it is over, and its legs are gone at the carrier."""
        call = await self.world.ended(placed["id"])
        await self.world.eventually(lambda: self.world.carrier.ledger.live_legs() == ())
        return call

    async def kept(self, placed: dict[str, Any]) -> Call:
        """The call as the store has it."""
        async with self.world.exchange.database.read() as conn:
            call = await calls.get(conn, placed["id"])
        assert call is not None
        return call

    def handset(self) -> Handset:
        """The customer's phone in its last call."""
        return self.world.carrier.phones.handsets(self.line.customer)[-1]


@asynccontextmanager
async def dialled(
    folder: Path, provider: str, agent: str, stream: str | None = None, **settings: str
) -> AsyncIterator[Dialled]:
    """A world whose number is dialled from, with an agent of this module."""
    agents = (f"tests.calls.answered:{agent}",)
    async with line(folder, provider, agents, **settings) as made:
        options: dict[str, Any] = {"agent": agent}
        if stream is not None:
            options["stream"] = stream
        elif provider == "exotel":
            options["stream"] = "connect"
        await made.world.register(number=NUMBERS[provider][0], **options)
        yield Dialled(made.world, made)


def facts(call: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """What the record says under a name, in order."""
    return [event["facts"] for event in call["events"] if event["name"] == name]


MESSAGE = speech("we have news about your order please call us back")
HELLO = speech("hello this is the shop")


@linecard.agent
async def listener(call: linecard.LiveCall) -> None:
    """Its outcome is what it was told of who answered, word by word, until the end of the call."""
    told: list[str] = []
    async for event in call:
        if isinstance(event, linecard.MachineAnswered):
            told.append(f"{event.kind}:{event.raw}")
            call.outcome = " ".join(told)


@linecard.agent
async def caller(call: linecard.LiveCall) -> None:
    """Says hello at once; leaves a message on a machine, and talks with whoever else answers."""
    await call.play(HELLO)
    if await call.leave_message(MESSAGE, seconds=4 if call.metadata.get("hurry") else None):
        return
    call.outcome = f"talked with {call.answered_by or 'somebody'}"
    await call.play(HELLO)
    await call.played()


@linecard.agent
async def knowing(call: linecard.LiveCall) -> None:
    """Knows by itself that a machine has answered."""
    await call.play(HELLO)
    assert await call.leave_message(MESSAGE, is_machine=True)


@linecard.agent
async def talker(call: linecard.LiveCall) -> None:
    """Says hello and waits for the end."""
    await call.play(HELLO)
    await call.ended()


@linecard.agent
async def presser(call: linecard.LiveCall) -> None:
    """Presses the keys of its metadata in the way it is told to, and hangs up."""
    how = call.metadata.get("how")
    await call.send_digits(str(call.metadata["keys"]), how=None if how is None else str(how))
    await call.played()
    call.outcome = "pressed"


@linecard.agent
async def gatherer(call: linecard.LiveCall) -> None:
    """Its outcome is how many keys it was given."""
    await call.play(HELLO)
    call.outcome = f"{len(await call.gather(4, seconds=20))} keys"
    await call.ended()


@linecard.agent
async def blocker(call: linecard.LiveCall) -> None:
    """Blocks whom it talks with."""
    await call.opt_out()
