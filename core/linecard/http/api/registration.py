"""A number as it is asked for, checked against what is installed and configured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import is_dataclass, replace
from typing import Any

import msgspec

from linecard.carrier import RecordAt
from linecard.consent import read_consent
from linecard.enhancing import enhancers
from linecard.errors import ConfigurationError, InvalidField, NotFound, UnsupportedByProvider
from linecard.exchange import sounds
from linecard.exchange.context import Exchange
from linecard.media.formats import StreamProfile
from linecard.numbers import Number, country_of, parse_e164
from linecard.outbound.gate import open_gate
from linecard.outgoing.urls import read_target
from linecard.plugins import Relay
from linecard.routing import Routing, as_data, check, targets

USUAL_SECONDS = 1800
"""How long a call may last where nobody has said."""
TRANSPORT = "websocket-in"
"""The one way of audio that is built; profiles that name another are refused."""


def checked(
    exchange: Exchange, values: Mapping[str, Any], number_id: str, proofs: tuple[str, ...]
) -> Number:
    """A number whose provider, account, agent, stream profile and options are all real.

    Raises InvalidField with the field and what is there instead.
    """
    number = parse_e164(values["number"])
    relay = _relay(exchange, values["provider"], values["account"])
    _check_agent(exchange, values["agent"])
    _check_stream(relay.provider, values["stream"], relay.hooks.stream_profiles())
    options = _options(exchange.plugins.providers[relay.provider].cls, values["options"])
    routing = _routing(exchange, relay, values["routing"])
    return Number(
        id=number_id,
        number=number,
        provider=relay.provider,
        account=relay.account,
        agent=values["agent"],
        channels=values["channels"],
        max_seconds=_length(relay, values["max_seconds"], values.get("former_seconds")),
        stream=values["stream"],
        options=options,
        record=values["record"],
        enabled=values["enabled"],
        proofs=proofs,
        notify=_notify(exchange, values["notify"]),
        routing=routing,
        consent=_consent(relay, values),
        record_after_transfer=values["record_after_transfer"],
        enhance=_enhance(exchange, values["enhance"]),
    )


def _consent(relay: Relay, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """What is asked before a recording, where this carrier can be told to record only then."""
    consent = read_consent(values["consent"] or {})
    if consent is None:
        return {}
    facts = relay.hooks.facts()
    if values["record"] and facts.record_inbound is RecordAt.THEIRS:
        raise InvalidField(
            "consent",
            "this carrier records calls from their first second by itself, before anybody could "
            "agree: leave record out, and switch the recording off at the carrier",
        )
    relay.require("start_recording", values["stream"])
    if not (facts.speaks and facts.gathers):
        raise UnsupportedByProvider(relay.provider, "a prompt before a recording")
    return as_data(consent)


def _length(relay: Relay, seconds: int | None, former: int | None) -> int:
    """What was asked for; else what it was before, or half an hour, as far as the carrier goes along."""
    longest = relay.hooks.facts().max_call_seconds
    if seconds is None:
        return min(former or USUAL_SECONDS, longest)
    if seconds > longest:
        raise InvalidField("max_seconds", f"at most {longest} with this carrier")
    return seconds


def _notify(exchange: Exchange, url: str | None) -> str | None:
    if url is not None:
        read_target(url, "notify", loopback=exchange.settings.on_loopback)
    return url


def _enhance(exchange: Exchange, name: str | None) -> str | None:
    enhancers.check(exchange.plugins, name)
    return name


async def check_targets(exchange: Exchange, number: Number) -> None:
    """Raise GateRefused or InvalidField for a redirect that the gate would not let through now.

    The number's own country counts as one where numbers are registered.
    """
    gate = await open_gate(exchange.settings, exchange.database)
    home = country_of(number.number)
    if exchange.settings.allowed_countries is None and home:
        gate = replace(gate, countries=gate.countries | {home})
    for path, target in targets(Routing.model_validate(number.routing)):
        gate.clear_target(target, (number.number,), path)


def _routing(exchange: Exchange, relay: Relay, given: Mapping[str, Any]) -> Mapping[str, Any]:
    routing = Routing.model_validate(given)
    carrier = sounds.carrier(exchange.settings, relay.hooks.facts())
    check(routing, lambda name, path: _check_agent(exchange, name, path), carrier)
    return as_data(routing)


def _relay(exchange: Exchange, provider: str, account: str | None) -> Relay:
    plugins = exchange.plugins
    if provider not in plugins.providers:
        raise InvalidField("provider", _not_installed(exchange, provider))
    try:
        return plugins.relay(provider, account)
    except NotFound as error:
        raise InvalidField("account" if account else "provider", str(error)) from error


def _not_installed(exchange: Exchange, provider: str) -> str:
    installed = ", ".join(sorted(exchange.plugins.providers)) or "none"
    skipped = next((one for one in exchange.plugins.skipped if one.name == provider), None)
    why = f"skipped: {skipped.reason}" if skipped else "not installed"
    return f"{provider!r} is {why}; installed: {installed}"


def _check_agent(exchange: Exchange, name: str, field: str = "agent") -> None:
    try:
        exchange.agents.find(name)
    except (NotFound, ConfigurationError) as error:
        raise InvalidField(field, str(error)) from error


def _check_stream(provider: str, name: str | None, profiles: Sequence[StreamProfile]) -> None:
    names = {profile.name: profile for profile in profiles}
    if name is not None and name not in names:
        raise InvalidField("stream", f"not a stream profile; there are: {', '.join(names)}")
    chosen = names[name] if name else profiles[0]
    if chosen.transport != TRANSPORT:
        raise UnsupportedByProvider(provider, f"transport {chosen.transport}")


def _options(provider: Any, given: dict[str, Any]) -> dict[str, Any]:
    """The options as the provider's own declaration takes them; only what was given is kept."""
    declared = getattr(provider, "options", None)
    known = getattr(declared, "__dataclass_fields__", {}) if is_dataclass(declared) else {}
    unknown = sorted(set(given) - set(known))
    if unknown:
        there = ", ".join(known) or "none"
        raise InvalidField(f"options.{unknown[0]}", f"not an option; there are: {there}")
    if known:
        _check_values(declared, given)
    return given


def _check_values(declared: Any, given: dict[str, Any]) -> None:
    try:
        msgspec.convert(given, declared)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$")
        raise InvalidField(f"options{path.rstrip('`')}", message) from error
