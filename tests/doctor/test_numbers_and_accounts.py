"""Credentials, and where numbers point, at the simulated carriers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from linecard.cli.connecting import connect
from linecard.doctor import Finding, Outcome
from tests.calls.shell import environment
from tests.calls.telephone import OURS, Telephone, telephone
from tests.doctor.place import found, of

WRONG: Mapping[str, str] = {
    "plivo": "PLIVO_AUTH_TOKEN",
    "twilio": "TWILIO_AUTH_TOKEN",
    "exotel": "EXOTEL_API_TOKEN",
}


@pytest.mark.parametrize("provider", ["plivo", "twilio", "exotel"])
async def test_credentials_that_the_carrier_refuses_are_named(
    tmp_path: Path, provider: str
) -> None:
    async with telephone(tmp_path, provider) as here:
        seen = await _found(here, **{WRONG[provider]: "0123456789abcdef0123456789abcdef"})
    (one,) = of(seen, "credentials")
    assert (one.outcome, one.about) == (Outcome.FAILED, f"{provider}:main")
    assert "refuses them" in one.says
    if provider != "exotel":  # which signs nothing
        (one,) = of(seen, "webhooks")
        assert one.outcome is Outcome.FAILED
        assert "not believed" in one.says


async def _found(here: Telephone, **changes: str) -> list[Finding]:
    return await found({**environment(here), **changes})


async def _number(here: Telephone, **changes: str) -> tuple[Outcome, str]:
    (one,) = of(await _found(here, **changes), "numbers")
    assert one.about == OURS
    return one.outcome, one.says


async def _connect(here: Telephone, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `linecard numbers connect --yes` does it."""
    for name, value in environment(here).items():
        monkeypatch.setenv(name, value)
    await connect(OURS, yes=True)


async def test_a_number_behind_an_application_points_elsewhere_then_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with telephone(tmp_path, "plivo") as here:
        await here.register()
        outcome, says = await _number(here)
        assert outcome is Outcome.FAILED
        assert "it points" in says
        await _connect(here, monkeypatch)
        assert await _number(here) == (Outcome.OK, "it is the account's, and points here")


async def test_a_number_with_an_address_tells_which_secret_has_signed_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with telephone(tmp_path, "twilio") as here:
        await here.register()
        outcome, says = await _number(here)
        assert (outcome, "somebody typed in" in says) == (Outcome.OK, True)
        await _connect(here, monkeypatch)
        assert await _number(here) == (Outcome.OK, "it is the account's, and points here")
        outcome, says = await _number(here, LINECARD_SECRET=f"{'n' * 40},{'s' * 40}")
        assert (outcome, "older value" in says) == (Outcome.WARNING, True)
        outcome, says = await _number(here, LINECARD_SECRET="n" * 40)
        assert (outcome, "are refused" in says) == (Outcome.FAILED, True)
        elsewhere = "http://127.0.0.1:1"
        outcome, says = await _number(here, LINECARD_PUBLIC_URL=elsewhere)
        assert (outcome, "it points elsewhere" in says) == (Outcome.FAILED, True)


@pytest.mark.parametrize("provider", ["plivo", "twilio"])
async def test_a_number_that_the_account_does_not_have_is_named(
    tmp_path: Path, provider: str
) -> None:
    async with telephone(tmp_path, provider) as here:
        here.carrier.switch.directory.is_open = False  # type: ignore[attr-defined]
        await here.register()
        outcome, says = await _number(here)
    assert (outcome, "the account does not have it" in says) == (Outcome.FAILED, True)


async def test_what_only_a_person_can_set_up_is_listed(tmp_path: Path) -> None:
    async with telephone(tmp_path, "exotel") as here:
        await here.register()
        (one,) = of(await _found(here), "numbers")
    assert one.outcome is Outcome.UNKNOWN
    assert "no call has come in on it yet" in one.says
    steps = one.do.splitlines()
    assert "linecard numbers show" in steps[0]
    assert any("Passthru" in step for step in steps[1:])
    assert "t=" not in one.do, "addresses with their proofs are not for reports"


async def test_a_caution_of_the_provider_is_passed_on(tmp_path: Path) -> None:
    async with telephone(tmp_path, "plivo") as here:
        await here.register()
        (one,) = of(await _found(here), "cautions")
        assert one.outcome is Outcome.OK
        await here.register(number="+918045678901")
        (one,) = of(await _found(here), "cautions")
    assert (one.outcome, one.about) == (Outcome.WARNING, "+918045678901")
    assert "2070" in one.says
