"""What a number's routing says and asks on our own stream, where the carrier's documents cannot.

It comes before the agent, in the agent's place: a message, a menu by keys, and then the agent that was
chosen has the same stream, or the call is sent on or ended.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from linecard.calls import Call
from linecard.errors import CallOver, LinecardError
from linecard.events import TransferResult
from linecard.exchange import diverting, menus, routed
from linecard.routing import Action, Do, Entry, Menu, Message

if TYPE_CHECKING:
    from linecard.exchange.house import House
    from linecard.live import LiveCall

NAME = "menu"
"""How the record calls what talks before an agent."""
SAMPLE_BYTES = 2


async def before_agent(house: House, call: Call, live: LiveCall) -> Call | None:
    """The call with its agent, who has the stream now; None where the call was sent on, or is over."""
    try:
        await live.first_stream()
        call, action = await _decided(house, call, live)
        await _tell(house, live, action.message)
        if call.agent:
            live.give_to(call.agent, house.agents.rate(call.agent))
            return call
        await _send_on(house, call, live, action)
    except CallOver:
        pass
    await live.agent_finished("completed")
    return None


async def _decided(house: House, call: Call, live: LiveCall) -> tuple[Call, Action]:
    menu = routed.menu_of(call)
    if menu is None:
        action = routed.action_of(call)
        assert action is not None
        return await house.routed(call) if call.agent else call, action
    entry, key = await _ask(house, live, menu)
    action = menu.otherwise if entry is None else routed.plain(entry)
    return await house.settle(call, action, menus.reason_of(menu, entry, key)), action


async def _ask(house: House, live: LiveCall, menu: Menu) -> tuple[Entry | None, str]:
    """Ask until a key of the menu is pressed, or it was asked often enough; the entry and the last key."""
    sound = await _sound(house, live, *menus.prompts(menu))
    wrong = await _sound(house, live, *filter(None, [menu.invalid]))
    key = ""
    for _ in range(menu.tries):
        key = await _key(live, wrong + sound if key else sound, menu.seconds)
        entry = menu.entry(key)
        if entry is not None:
            return entry, key
    return None, key


async def _key(live: LiveCall, sound: bytes, seconds: int) -> str:
    """The key that is pressed while a sound plays or some seconds after; it ends the sound."""
    speaking = asyncio.create_task(live.send(sound))
    try:
        length = len(sound) / SAMPLE_BYTES / live.rate
        key = await live.gather(digits=1, seconds=length + seconds, finish_on="")
    finally:
        speaking.cancel()
        await asyncio.gather(speaking, return_exceptions=True)
    await live.clear()
    return key


async def _tell(house: House, live: LiveCall, message: Message | None) -> None:
    if message is not None:
        await live.send(await _sound(house, live, message))
        await live.played()


async def _sound(house: House, live: LiveCall, *messages: Message) -> bytes:
    parts = [await house.sound(one, live.rate) for one in messages]
    return b"".join(parts)


async def _send_on(house: House, call: Call, live: LiveCall, action: Action) -> None:
    """Ring whom the routing names; whatever else it says ends with the caller's hang-up."""
    if action.do is not Do.REDIRECT or action.to is None:
        return
    try:
        result = await live.transfer(action.to, timeout=action.ring_seconds)
    except CallOver:
        raise
    except LinecardError as error:
        await house.redirect_refused(call, error)
        await _tell(house, live, diverting.words_for_nobody(action))
        return
    if result is not TransferResult.BRIDGED:
        if live.streaming:
            await _tell(house, live, diverting.words_for_nobody(action))
        await live.hang_up(reason=f"nobody took the redirect: {result}")
