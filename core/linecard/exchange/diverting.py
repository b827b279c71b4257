"""The document of a call that its number's routing sends somewhere else than straight to an agent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType

import structlog

from linecard.calls import Call
from linecard.errors import GateRefused, InvalidField, LinecardError
from linecard.exchange import dialups, endings, routed
from linecard.exchange.context import Exchange
from linecard.routing import Action, Do, Message
from linecard.store import timeline
from linecard.verbs import Hangup, Play, Reject, Say, Verb
from linecard.wall import now

log = structlog.get_logger()

Verbs = Sequence[Verb]
NOBODY = "We are sorry, nobody can be reached now. Please call again later."


def spoken(message: Message | None) -> tuple[Say | Play, ...]:
    """A message as a carrier's document has it; a recorded sound goes before a text."""
    if message is None:
        return ()
    if message.play is not None:
        return (Play(url=message.play),)
    if message.say is None:
        return ()
    return (Say(text=message.say, language=message.language, voice=message.voice),)


async def verbs(exchange: Exchange, call: Call, action: Action) -> Verbs:
    """What the caller is told, and then what is done; not for agents and menus."""
    return [*spoken(action.message), *await DO[action.do](exchange, call, action)]


async def _turn_away(_exchange: Exchange, _call: Call, action: Action) -> Verbs:
    """A caller who has been spoken to was answered: then only a hang-up is left."""
    if action.do is Do.HANG_UP or action.message is not None:
        return [Hangup()]
    return [Reject(busy=action.do is Do.BUSY)]


async def _redirect(exchange: Exchange, call: Call, action: Action) -> Verbs:
    """Ring whom the routing names, once the gate lets the number leave."""
    try:
        transfer = await dialups.moving(exchange, call) or await dialups.divert(
            exchange, call, action.to or "", action.ring_seconds
        )
        can_dial = exchange.relay(call).hooks.facts().speaks
        # Where no document dials, the flow behind this answer asks for the transfer by itself.
        return await dialups.verbs(exchange, call, transfer) if can_dial else [Hangup()]
    except LinecardError as error:
        await note_refused(exchange, call, error)
        await endings.expect_end(exchange, call)
        return [Say(text=NOBODY), Hangup()]


async def note_refused(exchange: Exchange, call: Call, error: LinecardError) -> None:
    """A redirect that may not be: whoever runs the server must see it."""
    reason = error.message if isinstance(error, GateRefused | InvalidField) else str(error)
    log.error("a redirect of the routing is not allowed", call=call.id, reason=reason)
    async with exchange.database.write() as conn:
        await timeline.append(conn, call.id, "redirect-refused", {"reason": reason}, now())


async def answer(exchange: Exchange, call: Call) -> Verbs:
    """The answer of a call that is turned away or sent on."""
    action = routed.action_of(call)
    assert action is not None
    if action.do in routed.TURNS_AWAY:
        await endings.expect_end(exchange, call)
    return await verbs(exchange, call, action)


DO: Mapping[Do, Callable[[Exchange, Call, Action], Awaitable[Verbs]]] = MappingProxyType(
    {
        Do.BUSY: _turn_away,
        Do.REFUSE: _turn_away,
        Do.HANG_UP: _turn_away,
        Do.REDIRECT: _redirect,
    }
)
