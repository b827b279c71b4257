"""What the agent of a call in a pod asks of the server, carried out for that call alone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import msgspec

from linecard.exchange.control import LocalControl
from linecard.exchange.house import OwnHouse
from linecard.pods.faults import as_error
from linecard.routing import Action, Message
from linecard.transfers import TransferWish

if TYPE_CHECKING:
    from linecard.calls import Call
    from linecard.exchange.context import Exchange

Facts = Mapping[str, Any]


class Asked:
    """The control and the house of one call in a pod."""

    def __init__(self, exchange: Exchange, call: Call) -> None:
        self.control = LocalControl(exchange)
        self.house = OwnHouse(exchange)
        self.call = call
        self.id = call.id


async def _transfer(asked: Asked, facts: Facts) -> object:
    return await asked.control.transfer(asked.id, msgspec.convert(facts["wish"], TransferWish))


async def _sound(asked: Asked, facts: Facts) -> object:
    return await asked.house.sound(Message.model_validate(facts["message"]), facts["rate"])


async def _settle(asked: Asked, facts: Facts) -> object:
    asked.call = await asked.house.settle(
        asked.call, Action.model_validate(facts["action"]), facts["reason"]
    )
    return asked.call


async def _routed(asked: Asked, _facts: Facts) -> object:
    asked.call = await asked.house.routed(asked.call)
    return asked.call


async def _redirect_refused(asked: Asked, facts: Facts) -> object:
    await asked.house.redirect_refused(asked.call, as_error(facts["fault"]))
    return None


def _of_control(name: str) -> Callable[[Asked, Facts], Awaitable[object]]:
    """A method of the control, with the id of the pod's own call whatever the pod says."""

    async def ask(asked: Asked, facts: Facts) -> object:
        return await getattr(asked.control, name)(asked.id, **facts)

    return ask


CARRY_OUT: Mapping[str, Callable[[Asked, Facts], Awaitable[object]]] = MappingProxyType(
    {
        **{
            name: _of_control(name)
            for name in (
                "hang_up",
                "record",
                "send_digits",
                "press_by_document",
                "opt_out",
                "note",
                "set_outcome",
                "agent_finished",
            )
        },
        "transfer": _transfer,
        "sound": _sound,
        "settle": _settle,
        "routed": _routed,
        "redirect_refused": _redirect_refused,
        "no_agent": lambda asked, facts: asked.house.no_agent(asked.call, facts["reason"]),
    }
)
