"""The Voicebot applet: asks for the address of the stream, and carries it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from linecard.simulator.ledger import What
from linecard_exotel.simulator.addresses import Address, is_socket_address
from linecard_exotel.simulator.answering import pick_up
from linecard_exotel.simulator.asking import applet_request, ask, call_fields
from linecard_exotel.simulator.calls import StreamFacts
from linecard_exotel.simulator.passthru import tell_of_hang_up
from linecard_exotel.simulator.streaming import run_stream

if TYPE_CHECKING:
    from linecard.simulator.wire import Delivery
    from linecard_exotel.simulator.calls import Call
    from linecard_exotel.simulator.flows import Applet, Voicebot
    from linecard_exotel.simulator.switch import Switch

KIND = "document voicebot"


class BadDocument(Exception):
    """An answer that an applet cannot use; the message says why."""


async def run_voicebot(switch: Switch, call: Call, applet: Voicebot) -> Applet | None:
    """Open the stream that the application names. Whatever becomes of it, the next applet follows."""
    try:
        await _run(switch, call, applet)
    finally:
        if call.was_hung_up:
            tell_of_hang_up(switch, call, applet.next)
    return applet.next


async def _run(switch: Switch, call: Call, applet: Voicebot) -> None:
    try:
        address = await _ask_address(switch, call, applet.address)
    except BadDocument as error:
        switch.ledger.write(What.DOCUMENT, call.sid, purpose="voicebot", fault=str(error))
        pick_up(switch, call)
        call.last_stream = StreamFacts(status="failed", error=str(error))
        return
    switch.ledger.write(What.DOCUMENT, call.sid, purpose="voicebot", url=address.url)
    pick_up(switch, call)
    await run_stream(switch, call, address, records=applet.records)


async def _ask_address(switch: Switch, call: Call, address: Address) -> Address:
    fields = call_fields(switch, call)
    delivery = await ask(switch, call, address, KIND, fields)
    if switch.faults.happens("answer_twice"):
        switch.courier.tell(applet_request(switch, call, address, KIND, fields))
    return _read(delivery)


def _read(delivery: Delivery) -> Address:
    """The address in `{"url": "wss://..."}`. Raises BadDocument."""
    if delivery.status != 200:
        raise BadDocument(f"status {delivery.status}{delivery.detail and ': '}{delivery.detail}")
    try:
        document = json.loads(delivery.body)
    except ValueError as error:
        raise BadDocument(f"not JSON: {error}") from error
    url = document.get("url") if isinstance(document, dict) else None
    if not isinstance(url, str) or not is_socket_address(url):
        raise BadDocument("no url of a socket in the reply")
    return Address.parse(url)
