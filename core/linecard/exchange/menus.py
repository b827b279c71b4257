"""A menu by keys in the carrier's own documents: asked, asked again, and what the key brings.

Each asking has a number, which stands in the address that the key goes to; nothing pressed comes to an
address of its own. So a repeat of a request gets the document that was given before.
"""

from __future__ import annotations

from collections.abc import Sequence

from linecard.calls import Call
from linecard.events import CarrierEvent, DigitsGathered
from linecard.exchange import diverting, routed
from linecard.exchange.context import Exchange
from linecard.numbers import mask
from linecard.routing import Action, Do, Entry, Menu, Message, as_data
from linecard.store import calls, numbers, timeline
from linecard.verbs import Gather, Redirect, Verb
from linecard.wall import now
from linecard.webhook import Kind

NOTHING = "-nothing"
ANY_KEY = "0123456789*#"


def prompt_of(entry: Entry) -> Message:
    """What is said for a key; where nobody has written it, the key and the agent."""
    if entry.prompt is not None:
        return entry.prompt
    key = {"*": "star", "#": "hash"}.get(entry.key, entry.key)
    return Message(say=f"For {(entry.agent or 'assistance').replace('_', ' ')}, press {key}.")


def prompts(menu: Menu) -> tuple[Message, ...]:
    """Everything that a menu says, in its order; with a greeting, keys without a prompt are not told."""
    named = [
        prompt_of(entry)
        for entry in menu.in_order()
        if entry.prompt is not None or menu.greeting is None
    ]
    return tuple(named) if menu.greeting is None else (menu.greeting, *named)


def asking(
    exchange: Exchange, call: Call, menu: Menu, asked: int, was_wrong: bool = False
) -> Sequence[Verb]:
    """The menu, spoken for the `asked`th time; after a wrong key it says so first."""
    addresses = exchange.addresses(call.provider, call.account)
    said = (menu.invalid, *prompts(menu)) if was_wrong else prompts(menu)
    spoken = tuple(verb for message in said for verb in diverting.spoken(message))
    return [
        Gather(
            action_url=addresses.webhook(Kind.GATHERED, call.id, str(asked)),
            prompts=spoken,
            seconds=menu.seconds,
            finish_on="",
            valid=ANY_KEY,
        ),
        Redirect(url=addresses.webhook(Kind.GATHERED, call.id, f"{asked}{NOTHING}")),
    ]


def words_before(menu: Menu, events: Sequence[CarrierEvent]) -> Sequence[Verb]:
    """What is said before the agent that a key, or none, has brought."""
    action = menu.entry(_key(events)) or menu.otherwise
    return diverting.spoken(action.message)


def _key(events: Sequence[CarrierEvent]) -> str:
    return next((one.digits for one in events if isinstance(one, DigitsGathered)), "")[:1]


async def choose(
    exchange: Exchange, call: Call, menu: Menu, reference: str, events: Sequence[CarrierEvent]
) -> Sequence[Verb] | Call:
    """What follows a key, or none: the call with its agent, or the next document."""
    digits = _key(events)
    asked = int(number) if (number := reference.removesuffix(NOTHING)).isdecimal() else menu.tries
    entry = menu.entry(digits)
    if entry is None and asked < menu.tries:
        return asking(exchange, call, menu, asked + 1, was_wrong=bool(digits))
    action = menu.otherwise if entry is None else routed.plain(entry)
    chosen = await settle(exchange, call, action, reason_of(menu, entry, digits))
    if chosen.agent:
        return chosen
    return await diverting.verbs(exchange, chosen, action)


def reason_of(menu: Menu, entry: Entry | None, digits: str) -> str:
    """Why a menu has ended as it did."""
    if entry is not None:
        return f"the key {entry.key} of the menu"
    last = "a key that is not in the menu" if digits else "no key"
    return f"{last}, asked {menu.tries} times"


async def settle(exchange: Exchange, call: Call, action: Action, reason: str) -> Call:
    """Write what a menu has come to; from then on the call has its agent, or none."""
    async with exchange.database.write() as conn:
        number = await numbers.get(conn, call.number)
        own = number.agent if number else ""
        agent = (action.agent or own) if action.do is Do.AGENT else ""
        route = {} if agent else {routed.ACTION: dict(as_data(action))}
        chosen = await calls.update(conn, call.id, agent=agent, route=route)
        facts = {"do": str(action.do), "reason": reason}
        facts |= {"agent": agent} if agent else {}
        facts |= {"to": mask(action.to)} if action.to else {}
        await timeline.append(conn, call.id, "routed", facts, now())
    return chosen
