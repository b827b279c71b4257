"""Looking at everything once: database, public URL, probes. Nothing is changed by it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from linecard.addresses import Addresses
from linecard.doctor.asking import Asker, Fetched, fetch
from linecard.doctor.configuring import API, METRICS
from linecard.doctor.patient import Account, Patient
from linecard.simulator.impersonating import impersonator
from linecard.store import Database, calls, numbers
from linecard.store.state import look
from linecard.tokens import Tokens

if TYPE_CHECKING:
    from linecard.numbers import Number
    from linecard.plugins import Plugins
    from linecard.settings import Settings

PAGE = 200


async def seen(settings: Settings, plugins: Plugins) -> Patient:
    """Everything that the checks look at. Raises ConfigurationError or PluginError for accounts that cannot be opened."""
    plugins.open_accounts(settings.accounts)
    migrations = plugins.ask_all_flat("migrations")
    state = await asyncio.to_thread(look, settings.database_url, migrations)
    healthz = await fetch(f"{settings.public_url}/healthz")
    patient = Patient(
        settings=settings,
        plugins=plugins,
        tokens=Tokens(settings.secret),
        database=state,
        healthz=healthz,
        opened={path: await fetch(f"{settings.public_url}{path}") for path in (API, METRICS)},
        dates=await _dates(settings),
    )
    return await _probed(await _read(patient, migrations))


async def _read(patient: Patient, migrations: list[str]) -> Patient:
    """With what the database holds, where it can be read as it is."""
    if not patient.database.is_current:
        return patient
    database = Database(patient.settings.database_url, migrations)
    try:
        async with database.read() as conn:
            came_in = await calls.last_arrivals(conn)
            found: list[Number] = []
            cursor: str | None = None
            while True:
                page = await numbers.page(conn, PAGE, cursor)
                found += page.items
                if (cursor := page.next) is None:
                    return replace(patient, numbers=tuple(found), came_in=came_in)
    finally:
        await database.close()


async def _dates(settings: Settings) -> Mapping[str, Fetched]:
    """What the accounts' API addresses answer to somebody without credentials: they tell the time."""
    found = {}
    for one in (one for listed in settings.accounts.values() for one in listed):
        url = _api_address(one.values)
        if url is not None:
            found[f"the API of {one.provider}:{one.name}"] = await fetch(url)
    return found


def _api_address(values: Any) -> str | None:
    """The origin of an account's API, as its settings have it."""
    found = getattr(values, "origin", None) or getattr(values, "api_url", None)
    return found if isinstance(found, str) else None


async def _probed(patient: Patient) -> Patient:
    """With the answers to the probes of every account."""
    answered, echoed = {}, {}
    for _, account, _relay in patient.accounts():
        asker = _asker(patient, (account.provider, account.name), account.values)
        if asker is not None:
            key = (account.provider, account.name)
            answered[key], echoed[key] = await asker.webhook(), await asker.stream()
    return replace(patient, answered=answered, echoed=echoed)


def _asker(patient: Patient, account: Account, values: object) -> Asker | None:
    """Who asks as the account's carrier; None where its simulator cannot stand in for it."""
    relay = patient.plugins.relay(*account)
    if not (relay.supports("simulator") and relay.supports("stream_profiles")):
        return None
    carrier = impersonator(relay.hooks.simulator())
    if carrier is None:
        return None
    addresses = Addresses(patient.settings.public_url, *account, patient.tokens)
    profiles = relay.hooks.stream_profiles()
    return Asker(addresses, patient.tokens, carrier.impersonate(values), profiles)
