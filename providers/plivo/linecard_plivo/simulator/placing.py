"""Make Call: its parameters, checked, and the calls that come of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from linecard.simulator.ledger import What
from linecard_plivo.simulator.calls import Address, Call, MachineOrder, Order
from linecard_plivo.simulator.documents import is_web_address
from linecard_plivo.simulator.living import live, outbound

if TYPE_CHECKING:
    from linecard_plivo.simulator.switch import Switch

NUMBER = re.compile(r"\+?\d{3,20}|sip:\S+", re.ASCII)
MOST_DESTINATIONS = 1000
DAY = 86400


class BadParameter(Exception):
    """A parameter of Make Call that Plivo answers with 400; the message is the error's text."""


def _url(value: Any) -> bool:
    return isinstance(value, str) and is_web_address(value)


def _method(value: Any) -> bool:
    return value in ("GET", "POST")


def _whole(least: int, most: int) -> Callable[[Any], bool]:
    def fits(value: Any) -> bool:
        return re.fullmatch(r"\d{1,9}", str(value), re.ASCII) is not None and (
            least <= int(value) <= most
        )

    return fits


def _text(most: int) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and len(value) <= most


def _boolean(value: Any) -> bool:
    return value in (True, False, "true", "false")


URLS = ("answer", "ring", "hangup", "fallback", "machine_detection")
PARAMETERS: Mapping[str, Callable[[Any], bool]] = {
    **{f"{name}_url": _url for name in URLS},
    **{f"{name}_method": _method for name in URLS},
    "from": _text(50),
    "to": _text(20_000),
    "caller_name": _text(50),
    "send_digits": _text(1000),
    "send_on_preanswer": _boolean,
    "time_limit": _whole(1, 999_999_999),
    "hangup_on_ring": _whole(0, DAY),
    "ring_timeout": _whole(0, DAY),
    "sip_headers": _text(2000),
    "parent_call_uuid": _text(50),
    "error_if_parent_not_found": _boolean,
    "machine_detection": lambda value: value in ("true", "hangup", True),
    "machine_detection_time": _whole(2000, 10_000),
    "machine_detection_maximum_speech_length": _whole(1000, 6000),
    "machine_detection_initial_silence": _whole(2000, 10_000),
    "machine_detection_maximum_words": _whole(2, 10),
    "machine_detection_initial_greeting": _whole(1000, 5000),
}


def check_parameters(body: Mapping[str, Any]) -> list[str]:
    """The destinations of a Make Call. Raises BadParameter."""
    for name in ("from", "to", "answer_url"):
        if not body.get(name):
            raise BadParameter(f"{name} is a mandatory parameter")
    for name, value in body.items():
        if name in PARAMETERS and not PARAMETERS[name](value):
            raise BadParameter(f"{name} parameter is invalid")
    targets = [target for target in body["to"].split("<") if target]
    if len(targets) > MOST_DESTINATIONS:
        raise BadParameter(f"to has more than {MOST_DESTINATIONS} destinations")
    for number in (body["from"], *targets):
        if not NUMBER.fullmatch(number):
            raise BadParameter("from parameter is invalid" if number == body["from"] else BAD_TO)
    if body["from"] in targets:
        raise BadParameter("src and destination cannot overlap")
    return targets


BAD_TO = "to parameter is invalid"


def read_order(body: Mapping[str, Any]) -> Order:
    """The order in checked parameters."""
    on_ring = body.get("hangup_on_ring")
    return Order(
        answer=_address(body, "answer") or Address(""),
        ring=_address(body, "ring"),
        hangup=_address(body, "hangup"),
        fallback=_address(body, "fallback"),
        time_limit=min(int(body.get("time_limit", 14400)), DAY),
        ring_timeout=int(body.get("ring_timeout", 120)),
        hangup_on_ring=None if on_ring is None else int(on_ring),
        send_digits=body.get("send_digits", ""),
        caller_name=body.get("caller_name", ""),
        parent=body.get("parent_call_uuid"),
        machine=_machine(body),
    )


def _address(body: Mapping[str, Any], name: str) -> Address | None:
    url = body.get(f"{name}_url")
    return Address(url, body.get(f"{name}_method", "POST")) if url else None


def _machine(body: Mapping[str, Any]) -> MachineOrder | None:
    wanted = body.get("machine_detection")
    if not wanted:
        return None
    return MachineOrder(hangs_up=wanted == "hangup", address=_address(body, "machine_detection"))


def place(switch: Switch, from_: str, to: str, order: Order) -> tuple[Call, bool]:
    """A new call, and whether it has to wait for its turn."""
    switch.directory.claim(from_)
    call = Call(
        uuid=switch.ids.uuid(),
        direction="outbound",
        from_=from_,
        to=to,
        order=order,
        created_at=switch.clock.unix(),
    )
    switch.calls[call.uuid] = call
    start = switch.pace.reserve()
    waits = start > switch.clock.now()
    switch.ledger.write(What.QUEUED, call.uuid, leg=call.uuid, waits=waits)
    switch.tasks.start(live(switch, call, outbound(switch, call, start)), f"call {call.uuid}")
    return call, waits
