"""The agent of a pod's call: started with the first stream, told what the server hears."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import msgspec
import structlog

from linecard import events
from linecard.calls import Detection
from linecard.errors import CallOver
from linecard.events import AgentEvent, TransferResult
from linecard.exchange import running
from linecard.live import LiveCall
from linecard.media_process.control import FarControl, FarHouse
from linecard.transfers import TransferWish

if TYPE_CHECKING:
    from linecard.media_process.pod import Pod

log = structlog.get_logger()

Facts = Mapping[str, Any]


def running_call(pod: Pod, told: Facts) -> LiveCall:
    """The call, which its first stream has started."""
    if pod.live is not None:
        return pod.live
    assert pod.carrying is not None
    assert pod.link is not None
    control = FarControl(pod.link, lambda: _tell_standing(pod))
    live = pod.live = LiveCall(pod.carrying.call, control, pod.carrying.clock)
    live.transfer_targets = tuple(told["transfer_targets"])
    live.opt_out_key = told["opt_out_key"]
    live.machine_detected(msgspec.convert(told["detection"], Detection | None))
    if told["over"] is not None:
        live.finish(told["over"])
    pod.tasks.start(_run(pod, live), "agent")
    pod.tasks.start(_follow(pod, live), "how the call stands")
    return live


async def _run(pod: Pod, live: LiveCall) -> None:
    assert pod.carrying is not None
    assert pod.link is not None
    house = FarHouse(pod.link, pod.agents)
    try:
        with structlog.contextvars.bound_contextvars(call=live.id):
            await running.talk(house, pod.carrying.call, live)
    finally:
        live.finish("the agent is done")
        pod.carrying.taps.close(live.id, pod.carrying.clock.now())
        pod.done.set()


async def _follow(pod: Pod, live: LiveCall) -> None:
    """Tell the server whenever the call stands differently."""
    while not live.is_over:
        stands = pod.stands()
        _tell_standing(pod)
        await live.until(partial(_is_different, pod, stands))


def _is_different(pod: Pod, before: dict[str, bool]) -> bool:
    return pod.stands() != before or (pod.live is not None and pod.live.is_over)


def _tell_standing(pod: Pod) -> None:
    if pod.link is not None:
        pod.link.tell("stands", **pod.stands())


def _report(live: LiveCall, facts: Facts) -> None:
    live.report(msgspec.convert(facts["facts"], EVENTS[facts["kind"]]))


def _machine(live: LiveCall, facts: Facts) -> None:
    live.machine_detected(msgspec.convert(facts["found"], Detection | None))


HEAR: Mapping[str, Callable[[LiveCall, Facts], None]] = MappingProxyType(
    {
        "report": _report,
        "machine": _machine,
        "transfer_ended": lambda live, facts: live.transfer_ended(TransferResult(facts["result"])),
        "leg_bridged": lambda live, _facts: live.leg_bridged(),
        "finish": lambda live, facts: live.finish(facts["reason"]),
    }
)
"""What the server tells of the call."""

EVENTS: Mapping[str, type[AgentEvent]] = MappingProxyType(
    {
        kind.__name__: kind
        for kind in AgentEvent.__subclasses__()
        if kind.__module__ == events.__name__
    }
)


async def _begin_transfer(live: LiveCall, facts: Facts) -> None:
    await live.begin_transfer(msgspec.convert(facts["wish"], TransferWish))


ANSWER: Mapping[str, Callable[[LiveCall, Facts], Awaitable[None]]] = MappingProxyType(
    {
        "hang_up": lambda live, facts: live.hang_up(now=facts["now"], reason=facts["reason"]),
        "send_digits": lambda live, facts: live.send_digits(facts["digits"], how=facts["how"]),
        "begin_transfer": _begin_transfer,
        "flush": lambda live, _facts: live.flush(),
        "leave_stream": lambda live, _facts: live.leave_stream(),
    }
)
"""What the server asks of the call."""


def hears(pod: Pod) -> Mapping[str, Callable[[Facts], None]]:
    """What may be told to a pod."""
    told = {what: partial(_hear, pod, what) for what in HEAR}
    return told | {"close_stream": partial(_close_stream, pod), "dismiss": partial(_dismiss, pod)}


def answers(pod: Pod) -> Mapping[str, Callable[[Facts], Awaitable[object]]]:
    """What may be asked of a pod."""
    return {what: partial(_answer, pod, what) for what in ANSWER}


def _hear(pod: Pod, what: str, facts: Facts) -> None:
    """What is told before the call runs, its start tells as well."""
    if pod.live is not None:
        HEAR[what](pod.live, facts)


async def _answer(pod: Pod, what: str, facts: Facts) -> None:
    if pod.live is None:
        raise CallOver("", "its agent has not started")
    await ANSWER[what](pod.live, facts)


def _close_stream(pod: Pod, facts: Facts) -> None:
    session = pod.sessions.get(facts["token"])
    if session is not None:
        session.close(facts["reason"])


def _dismiss(pod: Pod, _facts: Facts) -> None:
    """The call is over; where no agent ever ran, nothing is left to do here."""
    if pod.live is None:
        pod.done.set()
