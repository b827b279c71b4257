"""The table of checks. Each is a small function of what was seen; none changes anything."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

from linecard.doctor import (
    accounts,
    configuring,
    enhancing,
    machine,
    pointing,
    round_trip,
    storing,
    streams,
)
from linecard.doctor.findings import Finding
from linecard.doctor.patient import Patient

Check = Callable[[Patient], Awaitable[list[Finding]]]

CHECKS: Mapping[str, Check] = MappingProxyType(
    {
        "database": storing.database,
        "public address": configuring.public_address,
        "webhooks": round_trip.webhooks,
        "media sockets": streams.sockets,
        "codec echo": streams.codecs,
        "signatures": configuring.signatures,
        "credentials": accounts.credentials,
        "numbers": pointing.numbers,
        "cautions": pointing.cautions,
        "noise": enhancing.noise,
        "clock": machine.clock,
        "exposure": configuring.exposure,
        "fallback": configuring.fallback,
        "transfers": configuring.transfers,
        "secrets": configuring.secrets,
        "speech": machine.speech,
    }
)
"""Checks that need readable settings, in the order of the report; before them come `versions`, `plugins`, `settings`."""
