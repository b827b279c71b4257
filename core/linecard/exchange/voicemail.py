"""A message for an answering machine, given with the dial: the agent talks with whoever else answers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

from linecard.agents import run_agent
from linecard.errors import CallOver, InvalidField
from linecard.exchange import sounds
from linecard.routing import Message

if TYPE_CHECKING:
    from linecard.agents.declared import Agent
    from linecard.calls import Call
    from linecard.exchange.house import House
    from linecard.live import LiveCall
    from linecard.settings import Settings

FIELD = "voicemail"


def check(settings: Settings, message: Message) -> Mapping[str, object]:
    """The message as a call keeps it. Raises InvalidField where our own stream could not speak it."""
    if message.sound is not None:
        if sounds.sound_file(settings, message.sound) is None:
            raise InvalidField(f"{FIELD}.sound", "there is no such WAV file in LINECARD_SOUNDS")
    elif not message.say or not sounds.can_synthesise():
        raise InvalidField(
            FIELD,
            "it is played on our own stream: give a sound of LINECARD_SOUNDS, "
            "or a text to say where espeak-ng is installed",
        )
    return message.model_dump(exclude_none=True)


async def talk(house: House, call: Call, live: LiveCall, agent: Agent) -> None:
    """Run the agent; where there is a message and a machine has answered, leave it in the agent's place."""
    if not call.voicemail:
        await run_agent(agent, live)
        return
    talking = asyncio.create_task(run_agent(agent, live), name=f"talk of {call.id}")
    machine = asyncio.create_task(live.machine_found(), name=f"machine of {call.id}")
    try:
        await asyncio.wait({talking, machine}, return_when=asyncio.FIRST_COMPLETED)
        if talking.done():
            await talking
            return
        await _stop(talking)
        await _leave(house, call, live)
    finally:
        await _stop(talking)
        await _stop(machine)


async def _leave(house: House, call: Call, live: LiveCall) -> None:
    try:
        message = Message.model_validate(call.voicemail)
        await live.first_stream()
        sound = await house.sound(message, live.rate)
        if sound:
            await live.leave_message(sound, is_machine=True)
    except CallOver:
        pass
    await live.agent_finished("completed")


async def _stop(work: asyncio.Task[None]) -> None:
    work.cancel()
    await asyncio.wait({work})
