"""What a number's routing decides for a call that comes in, as it is written on the call.

A call that goes straight to an agent has no `route`. Any other has the action as data, with the menu
as it stood when the call came: a change of the number changes no call that is under way.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog
from pydantic import ValidationError

from linecard.calls import Call, Direction
from linecard.carrier import Facts
from linecard.events import AnswerRequested
from linecard.exchange.presence import ON_STREAM
from linecard.numbers import Number, mask
from linecard.routing import (
    Action,
    Arrival,
    Decision,
    Do,
    Menu,
    Routing,
    as_data,
    decide,
    rate_limit_for,
)
from linecard.store import blocklist, calls
from linecard.wall import now

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

log = structlog.get_logger()

ACTION, MENU = "action", "menu"
REFUSALS = frozenset({Do.BUSY, Do.REFUSE})
TURNS_AWAY = REFUSALS | {Do.HANG_UP}


async def decision(conn: AsyncConnection, number: Number, asked: AnswerRequested) -> Decision:
    """What is done with a call, with one question to the database, or two where a caller is counted."""
    routing = _read(number)
    if routing is None:
        action = Action(do=Do.AGENT)
        return Decision(action, "the number's routing cannot be read: the number's agent")
    arrival = Arrival(
        caller=asked.from_,
        at=now(),
        blocked=await blocklist.fitting(conn, asked.from_, Direction.INBOUND),
        calls_lately=await _calls_lately(conn, routing, number, asked.from_),
    )
    return decide(routing, arrival)


def _read(number: Number) -> Routing | None:
    """The routing of a number; a caller is not lost to one that was good once and is no longer."""
    try:
        return Routing.model_validate(number.routing)
    except ValidationError as error:
        log.error("a routing cannot be read", number=mask(number.number), error=str(error))
        return None


async def _calls_lately(
    conn: AsyncConnection, routing: Routing, number: Number, caller: str | None
) -> int | None:
    limit = rate_limit_for(routing, caller)
    if limit is None or caller is None:
        return None
    since = now() - timedelta(seconds=limit.seconds)
    return 1 + await calls.count_arrived(conn, since, caller, number.number)


def agent_and_route(
    facts: Facts, number: Number, decided: Decision
) -> tuple[str, Mapping[str, object]]:
    """The call's agent, empty where none has it yet, and what is done with it then."""
    action = decided.action
    agent = (action.agent or number.agent) if action.do is Do.AGENT else ""
    if agent and action.message is None:
        return agent, {}
    routing = _read(number) if action.do is Do.MENU else None
    menu = routing.menu if routing else None
    route: dict[str, object] = {ACTION: dict(as_data(plain(action)))}
    if menu is not None:
        route[MENU] = dict(as_data(menu))
    can = facts.gathers if menu else facts.speaks
    if not can and (menu or action.message):
        route[ON_STREAM] = True
    return agent, route


def plain(action: Action) -> Action:
    """An action alone, without the rule or the entry that it stood in."""
    return Action.model_validate({name: getattr(action, name) for name in Action.model_fields})


def action_of(call: Call) -> Action | None:
    """What is done with a call that has a route."""
    return Action.model_validate(call.route[ACTION]) if ACTION in call.route else None


def menu_of(call: Call) -> Menu | None:
    """The menu that a call is in."""
    return Menu.model_validate(call.route[MENU]) if MENU in call.route else None


def is_turning_away(decided: Decision) -> bool:
    """Whether the caller gets nobody."""
    return decided.action.do in TURNS_AWAY


def is_refusal(call: Call) -> bool:
    """Whether the call is refused before it is answered: nothing is said to the caller."""
    action = action_of(call)
    return action is not None and action.do in REFUSALS and action.message is None


def is_sent_on(call: Call) -> bool:
    """Whether whoever the routing names is rung, and nobody else has the call."""
    action = action_of(call)
    return not call.agent and action is not None and action.do is Do.REDIRECT


def is_turned_away(call: Call) -> bool:
    """Whether nothing but an end is left for a call: nobody has it, and nobody speaks to it."""
    return not call.agent and bool(call.route) and not call.route.get(ON_STREAM)


def told(call: Call, decided: Decision) -> Mapping[str, object]:
    """The line on the call's record."""
    facts: dict[str, object] = {"do": str(decided.action.do), "reason": decided.reason}
    if call.agent:
        facts["agent"] = call.agent
    if decided.action.to:
        facts["to"] = mask(decided.action.to)
    return facts
