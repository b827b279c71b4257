"""Answering machine detection: before the document, or beside the call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linecard.simulator.phone import SILENT
from linecard_twilio.simulator.reporting import notify

if TYPE_CHECKING:
    from linecard.simulator.phone import Phone
    from linecard_twilio.simulator.calls import Call, MachineOrder
    from linecard_twilio.simulator.switch import Switch


async def detect_machine(switch: Switch, call: Call) -> None:
    """Find out who answered; the call waits for it here unless it was asked for beside the call."""
    order = call.order.machine
    if order is None or call.handset is None:
        return
    if order.is_async:
        switch.tasks.start(_report_later(switch, call, order), "machine detection")
        return
    took = await _listen(switch, call, order)
    call.more_fields = _result(call, took)


async def _report_later(switch: Switch, call: Call, order: MachineOrder) -> None:
    took = await _listen(switch, call, order)
    if call.is_over or (call.handset and call.handset.phone.is_puzzling):
        return
    fields = (
        ("CallSid", call.sid),
        ("AccountSid", switch.credentials.account_sid),
        *_result(call, took).items(),
    )
    notify(switch, call.root, order.report, "machine detection", fields)


async def _listen(switch: Switch, call: Call, order: MachineOrder) -> float:
    """Wait for the verdict, which `answered_by` holds; how long it took."""
    phone = call.handset.phone if call.handset else SILENT
    waits = phone.is_machine and order.waits_for_end
    seconds = switch.quirks.beep_seconds if waits else switch.quirks.detection_seconds
    await switch.clock.sleep(min(seconds, order.timeout))
    in_time = seconds <= order.timeout
    if not (call.is_over or phone.is_puzzling):
        call.answered_by = _verdict(phone, order) if in_time else "unknown"
    return min(seconds, order.timeout)


def _verdict(phone: Phone, order: MachineOrder) -> str:
    if phone.is_fax:
        return "fax"
    if not phone.is_machine:
        return "human"
    return "machine_end_beep" if order.waits_for_end else "machine_start"


def _result(call: Call, took: float) -> dict[str, str]:
    return {
        "AnsweredBy": call.answered_by or "unknown",
        "MachineDetectionDuration": str(round(took * 1000)),
    }
