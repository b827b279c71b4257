"""Inbound calls: what a number points at. Plivo hangs the addresses on an application of the account.

One application of our own per account and public host, found by its name; no other is ever edited.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from linecard import Application, CarrierRefused, ConnectOrder, Number, SetupStep
from linecard_plivo import replies
from linecard_plivo.e164 import write_number
from linecard_plivo.failures import NAME
from linecard_plivo.overrides import for_callback, for_document
from linecard_plivo.replies import ApplicationCreated, Applications, Done
from linecard_plivo.rest import Rest

PAGE = 20
MOST_APPLICATIONS = 2_000
UNTOUCHED = dict.fromkeys(
    ("message_method", "default_number_app", "default_endpoint_app", "log_incoming_messages")
)
"""What the SDK would set back to its own defaults on every update."""
_NOT_IN_NAME = re.compile(r"[^A-Za-z0-9_-]")
_TARGET = re.compile(r"/(?P<kind>Application|Trunk)/(?P<id>[^/]+)/?$")


async def connect(rest: Rest, number: Number, order: ConnectOrder) -> Application:
    """Point a number at our application, or only look. Raises CarrierRefused or CarrierUnavailable."""
    now = await _target(rest, number)
    if not order.apply:
        return Application(target=now, former=number.former_target, notes=_notes(now))
    ours = await _own_application(rest, order, now)
    target = f"/v1/Account/{rest.settings.auth_id}/Application/{ours}/"
    if _id(now) != ours:
        await _link(rest, number, ours)
    former = number.former_target if _id(now) == ours else now
    return Application(target=target, former=former, notes=_notes(former))


async def disconnect(rest: Rest, number: Number) -> None:
    """Give the number back to what it pointed at.

    Raises CarrierRefused where there was nothing, and where somebody has pointed it elsewhere since.
    """
    now = await _target(rest, number)
    if number.connected_target and _id(now) != _id(number.connected_target):
        raise CarrierRefused(NAME, f"the number points at {now} now, not at us; it was left alone")
    former = _id(number.former_target)
    if former is None:
        raise CarrierRefused(
            NAME,
            "nothing is known that the number pointed at before, and Plivo's API cannot point it at "
            "nothing; choose another application for it in the Plivo console",
        )
    await _link(rest, number, former)


async def _target(rest: Rest, number: Number) -> str | None:
    digits = write_number(number.number)
    rented = await rest.ask(lambda client: client.numbers.get(digits), replies.Number, tries=2)
    return rented.application or None


async def _link(rest: Rest, number: Number, target: str) -> None:
    """Applications and inbound trunks are both given as `app_id` (Plivo: update an account number)."""
    digits = write_number(number.number)
    await rest.ask(lambda client: client.numbers.update(digits, app_id=target), Done, tries=2)


async def _own_application(rest: Rest, order: ConnectOrder, now: str | None) -> str:
    addresses = _addresses(order)
    name = _name(order)
    ours = await _by_name(rest, name)
    if ours is not None:
        known = ours.app_id
        await rest.ask(
            lambda client: client.applications.update(known, **addresses, **UNTOUCHED),
            Done,
            tries=2,
        )
        return known
    messages = await _messages_of(rest, now)
    wish = {"app_name": name, **addresses, **messages}
    created = await rest.ask(lambda client: client.applications.create(**wish), ApplicationCreated)
    return created.app_id


def _name(order: ConnectOrder) -> str:
    """The order's name as Plivo takes it: letters, digits, - and _ (Plivo: create an application).

    Names that would become alike are told apart by six characters of their hash.
    """
    plain = _NOT_IN_NAME.sub("-", order.name)
    mark = sha256(order.name.encode()).hexdigest()[:6]
    return plain if plain == order.name else f"{plain}-{mark}"


def _addresses(order: ConnectOrder) -> dict[str, Any]:
    return {
        "answer_url": for_document(order.answer_url),
        "answer_method": "POST",
        "hangup_url": for_callback(order.ended_url),
        "hangup_method": "POST",
        "fallback_answer_url": for_document(order.fallback_url),
        "fallback_method": order.fallback_method,
    }


async def _by_name(rest: Rest, name: str) -> replies.Application | None:
    for offset in range(0, MOST_APPLICATIONS, PAGE):
        page = await _page(rest, name, offset)
        found = next((app for app in page.objects if app.app_name == name), None)
        if found is not None or len(page.objects) < PAGE:
            return found
    return None


async def _page(rest: Rest, name: str, offset: int) -> Applications:
    return await rest.ask(
        lambda client: client.applications.list(limit=PAGE, offset=offset, app_name=name),
        Applications,
        tries=2,
    )


async def _messages_of(rest: Rest, target: str | None) -> dict[str, str]:
    """Where text messages went: our application keeps sending them there."""
    known = _TARGET.search(target or "")
    if known is None or known["kind"] != "Application":
        return {}
    former = await rest.find(
        lambda client: client.applications.get(known["id"]), replies.Application
    )
    if former is None or not former.message_url:
        return {}
    return {"message_url": former.message_url, "message_method": former.message_method or "POST"}


def _id(target: str | None) -> str | None:
    known = _TARGET.search(target or "")
    return known["id"] if known else None


def _notes(target: str | None) -> tuple[str, ...]:
    if target is None:
        return ("the number points at nothing now",)
    taken = "its inbound calls and its text messages"
    if "/Trunk/" in target:
        return (f"the number is on a SIP trunk ({target}); linking takes away {taken} from there",)
    return (f"linking takes away {taken} from {target}",)


def setup_steps(number: Number, answer_url: str) -> Sequence[SetupStep]:
    """What a person does for inbound calls: one command, or the same by hand in the console."""
    return (
        SetupStep(
            do="point the number at this server with this command, or do the next two steps by hand",
            paste=f"linecard numbers connect {number.number}",
        ),
        SetupStep(
            do="Plivo console, Voice, Applications: make an XML application with this answer URL, "
            "method POST",
            paste=for_document(answer_url),
        ),
        SetupStep(do=f"Plivo console, Phone Numbers, {number.number}: choose that application"),
    )
