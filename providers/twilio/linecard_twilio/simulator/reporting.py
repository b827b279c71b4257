"""Webhooks that only report something: status callbacks of calls and of everything else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linecard.simulator.courier import Webhook
from linecard_twilio.simulator.fields import Fields, progress_fields

if TYPE_CHECKING:
    from linecard.simulator.overrides import Policy
    from linecard_twilio.simulator.calls import Address, Call
    from linecard_twilio.simulator.switch import Switch

STATUSES = {"initiated": "initiated", "ringing": "ringing", "answered": "in-progress"}
TOKEN = "I-Twilio-Idempotency-Token"  # noqa: S105 - a header's name


def webhook(
    switch: Switch,
    call: str | None,
    address: Address,
    kind: str,
    fields: Fields,
    policy: Policy | None = None,
) -> Webhook:
    """A webhook with its idempotency token, which stays the same with every try."""
    return Webhook(
        url=address.url,
        method=address.method,
        fields=fields,
        kind=kind,
        call=call,
        policy=policy,
        headers=((TOKEN, switch.ids.token()), ("X-Home-Region", "us1")),
    )


def notify(
    switch: Switch, call: str | None, address: Address | None, kind: str, fields: Fields
) -> None:
    """Report something, in the background, where there is an address for it."""
    if address is not None and address.url:
        switch.courier.tell(webhook(switch, call, address, kind, fields))


def report_progress(switch: Switch, call: Call, event: str) -> None:
    """Tell a call's status callback of an event, if it was asked for."""
    report = call.order.report
    if report is None or event not in report.events:
        return
    status = STATUSES.get(event, call.status)
    fields = progress_fields(switch, call, status)
    call.reported += 1
    notify(switch, call.root, report.address, f"status {status}", fields)
