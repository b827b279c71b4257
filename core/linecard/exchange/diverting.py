"""The document of a call that its number's routing sends somewhere else than straight to an agent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType

import structlog

from linecard.calls import Call
from linecard.errors import GateRefused, InvalidField, LinecardError
from linecard.exchange import dialups, endings, routed, sounds
from linecard.exchange.context import Exchange
from linecard.exchange.presence import ON_STREAM
from linecard.routing import Action, Do, Message, as_data
from linecard.store import calls, timeline
from linecard.verbs import Hangup, Play, Reject, Say, Verb
from linecard.wall import now

log = structlog.get_logger()

Verbs = Sequence[Verb]
NOBODY = Message(say="We are sorry, nobody can be reached now. Please call again later.")


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
    """Ring whom the routing names, once the gate lets the number leave; empty where it does not, and no
    document can say so."""
    can_say = exchange.relay(call).hooks.facts().speaks
    try:
        transfer = await dialups.moving(exchange, call) or await dialups.divert(
            exchange, call, action.to or "", action.ring_seconds
        )
        # Where no document dials, the flow behind this answer asks for the transfer by itself.
        return await dialups.verbs(exchange, call, transfer) if can_say else [Hangup()]
    except LinecardError as error:
        await note_refused(exchange, call, error)
        return await unreached(exchange, call, action) if can_say else []


async def unreached(exchange: Exchange, call: Call, action: Action) -> Verbs:
    """The document that says that nobody takes a redirect, and its end."""
    await endings.expect_end(exchange, call)
    return [*spoken(words_for_nobody(action)), Hangup()]


def words_for_nobody(action: Action) -> Message:
    """What a caller hears when nobody takes a redirect."""
    return action.unanswered or NOBODY


async def told_on_stream(exchange: Exchange, call: Call, action: Action) -> Call | None:
    """The call, to be told on our own stream that nobody takes its redirect; None where nothing can say so."""
    message = words_for_nobody(action)
    if not sounds.can_be_heard(exchange.settings, message):
        await endings.expect_end(exchange, call)
        return None
    last = Action(do=Do.HANG_UP, message=message)
    route = {routed.ACTION: dict(as_data(last)), ON_STREAM: True}
    async with exchange.database.write() as conn:
        return await calls.update(conn, call.id, route=route)


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
