"""What the agent of a call in a pod asks of the server, carried out for that call alone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from pydantic import BaseModel, ValidationError

from linecard.errors import InvalidField, LimitReached
from linecard.exchange.control import LocalControl
from linecard.exchange.far import facts as read_facts
from linecard.exchange.far.facts import OF_CONTROL, Chosen, Note, Refused, Sound, read
from linecard.exchange.house import OwnHouse
from linecard.media.tones import check_keys
from linecard.pods.faults import as_error
from linecard.routing import Action, Message
from linecard.transfers import TransferWish

if TYPE_CHECKING:
    from linecard.calls import Call
    from linecard.exchange.context import Exchange

Facts = Mapping[str, Any]
Model = TypeVar("Model", bound=BaseModel)
MOST_QUESTIONS = 20_000
"""Of one call: nearly all of them leave a line on its record."""
SPOKEN_AT_ONCE = 2
LONGEST_RING, MOST_TARGETS = 600, 50


class Asked:
    """The control and the house of one call in a pod."""

    def __init__(self, exchange: Exchange, call: Call) -> None:
        self.control = LocalControl(exchange)
        self.house = OwnHouse(exchange)
        self.call = call
        self.id = call.id
        self.speaking = asyncio.Semaphore(SPOKEN_AT_ONCE)
        self._left = MOST_QUESTIONS

    async def carry_out(self, what: str, facts: Facts) -> object:
        """Do what is asked. Raises InvalidField, LimitReached and what is raised by the doing."""
        self._left -= 1
        if self._left < 0:
            raise LimitReached("pods", "the call has asked too much")
        return await CARRY_OUT[what](self, facts)


async def _transfer(asked: Asked, facts: Facts) -> object:
    wish = read(TransferWish, facts.get("wish"))
    if not 1 <= wish.ring_seconds <= LONGEST_RING:
        raise InvalidField("timeout", f"must be 1 to {LONGEST_RING} seconds")
    if len(wish.targets) > MOST_TARGETS:
        raise InvalidField("to", f"at most {MOST_TARGETS} targets")
    return await asked.control.transfer(asked.id, wish)


async def _sound(asked: Asked, facts: Facts) -> object:
    said = read(Sound, facts)
    async with asked.speaking:
        return await asked.house.sound(_model(Message, said.message), said.rate)


async def _settle(asked: Asked, facts: Facts) -> object:
    chosen = read(Chosen, facts)
    action = _model(Action, chosen.action)
    asked.call = await asked.house.settle(asked.call, action, chosen.reason)
    return asked.call


async def _routed(asked: Asked, _facts: Facts) -> object:
    asked.call = await asked.house.routed(asked.call)
    return asked.call


async def _redirect_refused(asked: Asked, facts: Facts) -> object:
    await asked.house.redirect_refused(asked.call, as_error(read(Refused, facts).fault))
    return None


async def _no_agent(asked: Asked, facts: Facts) -> object:
    await asked.house.no_agent(asked.call, read(read_facts.Ending, facts).reason)
    return None


def _model(kind: type[Model], data: Mapping[str, Any]) -> Model:
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        raise InvalidField(kind.__name__, str(error)) from error


def _of_control(name: str) -> Callable[[Asked, Facts], Awaitable[object]]:
    """A method of the control, with the id of the pod's own call whatever the pod says."""

    async def ask(asked: Asked, facts: Facts) -> object:
        given = msgspec.structs.asdict(_checked(name, facts))
        return await getattr(asked.control, name)(asked.id, **given)

    return ask


def _checked(name: str, facts: Facts) -> msgspec.Struct:
    given = read(OF_CONTROL[name], facts)
    if isinstance(given, Note):
        read_facts.check_note(given)
    if isinstance(given, read_facts.Keys):
        return read_facts.Keys(check_keys(given.digits))
    return given


CARRY_OUT: Mapping[str, Callable[[Asked, Facts], Awaitable[object]]] = MappingProxyType(
    {
        **{name: _of_control(name) for name in OF_CONTROL},
        "transfer": _transfer,
        "sound": _sound,
        "settle": _settle,
        "routed": _routed,
        "redirect_refused": _redirect_refused,
        "no_agent": _no_agent,
    }
)
