"""Looking at everything once: database, public URL, probes. Nothing is changed by it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx2

from linecard.addresses import Addresses
from linecard.doctor.asking import Asker, Fetched, client, fetch
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
    ours = {path: f"{settings.public_url}{path}" for path in ("/healthz", API, METRICS)}
    async with client() as http:
        opened = await _fetched(http, ours)
        patient = Patient(
            settings=settings,
            plugins=plugins,
            tokens=Tokens(settings.secret),
            database=state,
            healthz=opened["/healthz"],
            opened=opened,
            dates=await _fetched(http, _api_addresses(settings)),
        )
        return await _probed(http, await _read(patient, migrations))


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


async def _fetched(http: httpx2.AsyncClient, urls: Mapping[str, str]) -> Mapping[str, Fetched]:
    """What each address answers to somebody without credentials."""
    answers = await asyncio.gather(*(fetch(http, url) for url in urls.values()))
    return dict(zip(urls, answers, strict=True))


def _api_addresses(settings: Settings) -> Mapping[str, str]:
    """Where the accounts' APIs are: whoever answers there tells the time."""
    found = {
        f"the API of {one.provider}:{one.name}": _api_address(one.values)
        for listed in settings.accounts.values()
        for one in listed
    }
    return {who: url for who, url in found.items() if url is not None}


def _api_address(values: Any) -> str | None:
    """The origin of an account's API, as its settings have it."""
    found = getattr(values, "origin", None) or getattr(values, "api_url", None)
    return found if isinstance(found, str) else None


async def _probed(http: httpx2.AsyncClient, patient: Patient) -> Patient:
    """With the answers to the probes of every account."""
    askers = {
        (one.provider, one.name): _asker(http, patient, (one.provider, one.name), one.values)
        for _, one, _relay in patient.accounts()
    }
    able = {key: asker for key, asker in askers.items() if asker is not None}
    return replace(
        patient,
        answered={key: await asker.webhook() for key, asker in able.items()},
        echoed={key: await asker.stream() for key, asker in able.items()},
    )


def _asker(
    http: httpx2.AsyncClient, patient: Patient, account: Account, values: object
) -> Asker | None:
    """Who asks as the account's carrier; None where its simulator cannot stand in for it."""
    relay = patient.plugins.relay(*account)
    if not (relay.supports("simulator") and relay.supports("stream_profiles")):
        return None
    carrier = impersonator(relay.hooks.simulator())
    if carrier is None:
        return None
    addresses = Addresses(patient.settings.public_url, *account, patient.tokens)
    profiles = relay.hooks.stream_profiles()
    return Asker(http, addresses, patient.tokens, carrier.impersonate(values), profiles)
