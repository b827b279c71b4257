"""Whether the carriers take the credentials of each account."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from linecard.carrier import Found
from linecard.doctor.findings import Finding, failed, ok, unknown
from linecard.doctor.patient import Patient
from linecard.doctor.round_trip import NO_ACCOUNT
from linecard.errors import CarrierError, CarrierRefused, CarrierUnavailable, LinecardError

if TYPE_CHECKING:
    from linecard.plugins import Relay

MADE_UP = "00000000-0000-4000-8000-000000000000"
DENIED = frozenset({401, 403})


class MadeUp(Mapping[str, str]):
    """Ids of a call that nobody has made: every name has one, whatever the carrier calls its ids."""

    def __getitem__(self, name: str) -> str:
        return MADE_UP

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


async def credentials(patient: Patient) -> list[Finding]:
    """Ask each carrier for a call that does not exist: who is let in hears that there is none."""
    found = [(await _of_account(relay)).of(about) for about, _, relay in patient.accounts()]
    return found or [NO_ACCOUNT]


async def _of_account(relay: Relay) -> Finding:
    if not relay.supports("find_call"):
        return unknown("the provider has no look-up of calls to try them with")
    try:
        answer = await relay.hooks.find_call(MadeUp())
    except CarrierRefused as refused:
        return _refused(refused)
    except CarrierUnavailable as error:
        return unknown(f"the carrier's API does not answer: {error.message}", "try again later")
    except LinecardError as error:
        return unknown(str(error))
    if answer.found is Found.CANNOT_TELL:
        return unknown("the carrier's answer to a look-up tells nothing")
    return ok("the carrier's API takes them")


def _refused(refused: CarrierError) -> Finding:
    if refused.status in DENIED:
        return failed(
            f"the carrier's API refuses them: {refused.message}",
            "copy them anew from the carrier's console; docs/settings.md names the settings",
        )
    return unknown(f"the carrier's API refuses a look-up: {refused.message}")
