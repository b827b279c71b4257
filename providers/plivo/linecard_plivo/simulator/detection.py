"""Answering machine detection: before the answer document, or beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linecard_plivo.simulator.codes import EndCall, Ending, Source
from linecard_plivo.simulator.documents import notify
from linecard_plivo.simulator.fields import machine_fields

if TYPE_CHECKING:
    from linecard.simulator.phone import Phone
    from linecard_plivo.simulator.calls import Call, MachineOrder
    from linecard_plivo.simulator.switch import Switch

MACHINE = Ending(9100, Source.PLIVO)


async def detect_machine(switch: Switch, call: Call) -> None:
    """Find out who answered. Without an address for the result, the call waits for it here."""
    order = call.order.machine
    if order is None or call.handset is None:
        return
    if order.address is not None:
        switch.tasks.start(_report_later(switch, call, order), "machine detection")
        return
    await switch.clock.sleep(switch.quirks.detection_seconds)
    is_machine = _sounds_like_one(call.handset.phone)
    if is_machine and order.hangs_up:
        raise EndCall(MACHINE)
    call.answer_fields = {"Machine": "true" if is_machine else "false"}


async def _report_later(switch: Switch, call: Call, order: MachineOrder) -> None:
    await switch.clock.sleep(switch.quirks.detection_seconds)
    if call.is_over or call.handset is None or call.handset.phone.is_puzzling:
        return
    is_machine = _sounds_like_one(call.handset.phone)
    fields = machine_fields(call, is_machine=is_machine, hangs_up=order.hangs_up)
    notify(switch, call, order.address, "machine detection", fields)
    if is_machine and order.hangs_up:
        call.end(MACHINE)


def _sounds_like_one(phone: Phone) -> bool:
    """Plivo knows humans and machines, and has no word for a fax."""
    return phone.is_machine or phone.is_fax
