"""Where the registered numbers point at their carriers, and what only a person can set up there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from linecard.addresses import connect_order
from linecard.carrier import Application, ConnectOrder, SetupStep
from linecard.doctor.findings import Finding, failed, ok, unknown, warning
from linecard.doctor.patient import Patient
from linecard.errors import CarrierError, CarrierRefused, LinecardError, NotFound
from linecard.tokens import Tokens
from linecard.webhook import Kind

if TYPE_CHECKING:
    from linecard.numbers import Number
    from linecard.plugins import Relay

NO_NUMBERS = unknown("the database cannot be read, so its numbers are not known")
NOTHING_TO_SAY = ok("the providers warn of nothing with these numbers")
NONE_REGISTERED = ok("no number is registered")
DENIED = frozenset({401, 403})


async def numbers(patient: Patient) -> list[Finding]:
    """Whether each registered number is the account's, and points here."""
    if patient.numbers is None:
        return [NO_NUMBERS]
    found = [(await _of_number(patient, number)).of(number.number) for number in patient.numbers]
    return found or [NONE_REGISTERED]


async def cautions(patient: Patient) -> list[Finding]:
    """What a provider says of numbers like ours that no look-up can see."""
    if patient.numbers is None:
        return [NO_NUMBERS]
    found = []
    for number in patient.numbers:
        provider = patient.plugins.providers.get(number.provider)
        known: Mapping[str, str] = provider.cls.facts().cautions if provider else {}
        found += [
            warning(caution, "see to it; it cannot be seen from here").of(number.number)
            for prefix, caution in known.items()
            if number.number.startswith(prefix)
        ]
    return found or [NOTHING_TO_SAY]


async def _of_number(patient: Patient, number: Number) -> Finding:
    try:
        relay = patient.plugins.relay(number.provider, number.account)
    except NotFound as error:
        return failed(f"its account is not configured: {error}", "set it, or move the number")
    if not relay.supports("connect_number"):
        return _by_hand(patient, relay, number)
    order = look_order(patient, relay)
    try:
        return pointed(
            number, await relay.hooks.connect_number(number, order), order, patient.tokens
        )
    except CarrierRefused as refused:
        return _refused(number, refused)
    except CarrierError as error:
        return unknown(f"the carrier's API does not answer: {error.message}", "try again later")


def look_order(patient: Patient, relay: Relay) -> ConnectOrder:
    """An order that changes nothing."""
    return connect_order(patient.addresses(relay), patient.settings.fallback_url, apply=False)


def pointed(number: Number, seen: Application, order: ConnectOrder, tokens: Tokens) -> Finding:
    """Ours, something else, or nothing. Some carriers show the address itself, others what holds it."""
    connect = f"run 'linecard numbers connect {number.number}'"
    if seen.target is None:
        return failed("it points at nothing: calls to it are lost", connect)
    bare = order.answer_url.partition("?")[0]
    if bare in seen.target:
        return _addressed(number, seen.target, order, tokens, connect)
    if seen.target == number.connected_target and "://" not in seen.target:
        return ok("it is the account's, and points here")
    return failed(f"it points elsewhere: {seen.target}", connect)


def _addressed(
    number: Number, target: str, order: ConnectOrder, tokens: Tokens, connect: str
) -> Finding:
    """The address is ours; whether the server will still know it as one that it gave out."""
    if order.answer_url in target:
        return ok("it is the account's, and points here")
    bare = re.escape(order.answer_url.partition("?")[0])
    query = re.search(rf"{bare}\?([^\s#]*)", target)
    given = dict(parse_qsl(query[1])) if query else {}
    if "t" not in given:
        return ok("it is the account's, and points here, with an address that somebody typed in")
    if tokens.is_webhook(given["t"], number.provider, number.account, "", Kind.ANSWER, ""):
        return warning(
            "it points here, with an address that an older value of LINECARD_SECRET has signed",
            f"{connect}, and only then take the old secret away",
        )
    return failed(
        "it points here, with an address that no value of LINECARD_SECRET has signed: its calls are "
        "refused",
        connect,
    )


def _refused(number: Number, refused: CarrierRefused) -> Finding:
    if refused.status in DENIED:
        return unknown("the carrier's API refuses the account's credentials")
    return failed(
        f"the account does not have it: {refused.message}",
        f"correct 'account' of {number.number}, or rent the number there",
    )


def _by_hand(patient: Patient, relay: Relay, number: Number) -> Finding:
    """Set up by a person, where it cannot be seen; that calls come in shows that it is done."""
    steps = [f"{n}. {one.do}" for n, one in enumerate(_steps(patient, relay, number), 1)]
    show = f"by hand at the carrier, with the addresses of 'linecard numbers show {number.number}':"
    todo = "\n".join([show, *steps])
    came = patient.came_in.get(number.number)
    if came is None:
        return unknown("no call has come in on it yet; what it points at cannot be seen", todo)
    seen = f"calls come in on it, the last at {came:%Y-%m-%d %H:%M} UTC; its set-up cannot be seen"
    return unknown(seen, todo)


def _steps(patient: Patient, relay: Relay, number: Number) -> tuple[SetupStep, ...]:
    if not relay.supports("setup_steps"):
        return ()
    addresses = patient.addresses(relay)
    pasted = {kind: addresses.webhook(kind) for kind in Kind}
    try:
        return tuple(relay.hooks.setup_steps(number, pasted))
    except LinecardError:
        return ()
