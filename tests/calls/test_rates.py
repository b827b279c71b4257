"""Prices of several accounts side by side: from an API, from lists, from nowhere, and none at all."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from linecard import CarrierUnavailable, Charge, InvalidField, Per, RateLine, hookimpl
from linecard.errors import ConfigurationError
from linecard.plugins import Plugins
from tests.calls.acme import Acme
from tests.calls.problems import refused
from tests.calls.shell import linecard
from tests.calls.telephone import KEY, Telephone, telephone

pytestmark = pytest.mark.asyncio(loop_scope="module")

HERE = "tests.calls.test_rates"


class Listed(Acme):
    """Has an API with prices for everything."""

    @hookimpl
    async def rates(self, destination: str) -> Sequence[RateLine]:
        return (
            _line(Charge.CALL, "0.0100", "+91"),
            _line(Charge.CALL, "9", "+1"),
            _line(Charge.STREAM, "0.0020", pulse=1),
            _line(Charge.RECORDING, "0.0010"),
            _line(Charge.DETECTION, "0.0050", per=Per.CALL),
        )


def _line(
    what: Charge, usd: str, prefix: str = "", per: Per = Per.MINUTE, pulse: int = 60
) -> RateLine:
    return RateLine(
        what=what, prefix=prefix, usd=usd, source="the API", per=per, pulse_seconds=pulse
    )


class Broken(Acme):
    """Has an API that does not answer."""

    @hookimpl
    async def rates(self, destination: str) -> Sequence[RateLine]:
        raise CarrierUnavailable("broken", "no answer in time")


class Picky(Acme):
    """Has an API that knows no such place."""

    @hookimpl
    async def rates(self, destination: str) -> Sequence[RateLine]:
        raise InvalidField("destination", "not served")


def plugins() -> Plugins:
    mine = [
        EntryPoint(name, f"{HERE}:{value}", "linecard")
        for name, value in (
            ("listed", "Listed"),
            ("broken", "Broken"),
            ("picky", "Picky"),
            ("quiet", "Acme"),
        )
    ]
    return Plugins.discover([*entry_points(group="linecard", name="plivo"), *mine])


LIST = """account,what,prefix,usd,per,pulse_seconds,since
quiet,call,+91,0.0030,minute,30,2026-01-31
quiet,stream,,0,,,2026-01-31
listed:main,stream,,0.0040,,,2025-12-01
plivo,stream,,0.0030,,,2026-01-31
"""
KEYS = {f"{name.upper()}_KEY": "k" for name in ("listed", "broken", "picky", "quiet")}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Telephone]:
    folder = tmp_path_factory.mktemp("world")
    (folder / "prices.csv").write_text(LIST)
    prices = f"{folder}/prices.csv"
    async with telephone(folder, plugins=plugins(), variables=KEYS, prices=prices) as running:
        yield running


async def asked(world: Telephone, **query: str) -> dict[str, dict[str, Any]]:
    """The accounts by their provider, in the order of the answer."""
    answer = await world.api.get("/api/rates", params=query)
    assert answer.status_code == 200, answer.text
    return {one["provider"]: one for one in answer.json()["accounts"]}


def costs(account: Mapping[str, Any]) -> dict[str, str | None]:
    return {line["what"]: line["cost"] for line in account["lines"]}


async def test_the_cheapest_comes_first_and_nobody_is_left_out(world: Telephone) -> None:
    found = await asked(world, to="+919812345678", seconds="61")
    assert list(found) == ["quiet", "plivo", "listed", "broken", "picky"]
    totals = {name: account["total"] for name, account in found.items()}
    # 61 s: three half minutes; two minutes; two minutes, and two minutes of a stream.
    assert totals == {
        "quiet": "0.004500",
        "plivo": "0.016000",
        "listed": "0.028000",
        "broken": None,
        "picky": None,
    }


async def test_a_carrier_that_fails_is_shown_with_its_reason(world: Telephone) -> None:
    found = await asked(world, to="+91")
    assert found["broken"]["error"] == "broken: no answer in time"
    assert found["picky"]["error"] == "destination: not served"
    assert found["broken"]["lines"] == []
    assert found["broken"]["without"] == ["call", "stream"]


async def test_a_list_fills_and_overrides_and_says_so(world: Telephone) -> None:
    found = await asked(world, to="+91", seconds="60")
    listed = {line["what"]: line for line in found["listed"]["lines"]}
    assert listed["call"]["given_by"] == "provider"
    stream = listed["stream"]
    assert (stream["given_by"], stream["usd"], stream["cost"]) == ("file", "0.0040", "0.004000")
    assert stream["source"].endswith("prices.csv, since 2025-12-01")
    assert stream["instead_of"]["usd"] == "0.0020"
    plivo = {line["what"]: line for line in found["plivo"]["lines"]}
    assert (plivo["stream"]["given_by"], plivo["stream"]["instead_of"]) == ("file", None)


async def test_the_parts_of_a_call(world: Telephone) -> None:
    wish = {"record": "true", "machine": "true", "transfer": "true", "conference": "true"}
    found = await asked(world, to="+91", seconds="180", **wish)
    assert costs(found["listed"]) == {
        "call": "0.030000",
        "stream": "0.012000",
        "recording": "0.003000",
        "machine-detection": "0.005000",
        "second-leg": "0.030000",
    }
    assert found["listed"]["total"] == "0.080000"
    assert found["listed"]["without"] == ["conference"]
    assert found["quiet"]["without"] == ["recording", "machine-detection", "conference"]


async def test_a_plus_in_a_query_is_a_plus(world: Telephone) -> None:
    answer = await world.api.get("/api/rates?to=+91")
    assert (answer.status_code, answer.json()["to"]) == (200, "+91")


@pytest.mark.parametrize(
    ("query", "field"),
    [("", "to"), ("to=India", "to"), ("to=%2B999", "to"), ("to=91&seconds=0", "seconds")],
)
async def test_what_is_no_destination_is_refused(world: Telephone, query: str, field: str) -> None:
    refused(await world.api.get(f"/api/rates?{query}"), 422, field)


async def test_the_key_is_wanted(world: Telephone) -> None:
    refused(await world.api.get("/api/rates?to=91", headers={"Authorization": "none"}), 401)


def environment(world: Telephone, **more: str) -> dict[str, str]:
    """What a person sets to ask the same carrier from the command line."""
    return {
        "LINECARD_PUBLIC_URL": world.url,
        "LINECARD_API_KEY": KEY,
        "LINECARD_SECRET": "s" * 40,
        **world.carrier.environment(world.carrier.url),
        **more,
    }


async def test_the_command_line_shows_the_lines(world: Telephone, tmp_path: Path) -> None:
    prices = tmp_path / "prices.toml"
    prices.write_text('[[plivo]]\nwhat = "stream"\nusd = "0.0030"\nsince = 2026-01-31\n')
    env = environment(world, LINECARD_PRICES="prices.toml")
    shown = await linecard("rates", "+91", "--record", env=env, cwd=tmp_path)
    assert (shown.code, shown.err) == (0, "")
    assert "A call to +91 of 180 seconds, record" in shown.out
    rows = {line.split("│")[2].strip(): line for line in shown.out.splitlines() if "│" in line}
    assert "0.015" in rows["call"]
    assert "prices.toml, since 2026-01-31 (the carrier names none)" in rows["stream"]
    assert "no price is known" in rows["recording"]
    assert "at least 0.024" in rows["total"]


async def test_the_command_line_gives_json(world: Telephone, tmp_path: Path) -> None:
    env = environment(world)
    shown = await linecard("rates", "+91", "--seconds", "61", "--json", env=env, cwd=tmp_path)
    assert (shown.code, shown.err) == (0, "")
    said = json.loads(shown.out)
    assert said["example"]["seconds"] == 61
    (account,) = said["accounts"]
    assert (account["total"], account["without"]) == ("0.010000", ["stream"])
    query = {"to": "+91", "seconds": "61"}
    (served,) = [
        one
        for one in (await world.api.get("/api/rates", params=query)).json()["accounts"]
        if one["provider"] == "plivo"
    ]
    assert served.keys() == account.keys()
    assert [line for line in served["lines"] if line["what"] != "stream"] == account["lines"]


async def test_a_wrong_list_is_said_in_one_line(world: Telephone, tmp_path: Path) -> None:
    (tmp_path / "prices.csv").write_text("account,what,usd,since\nplivo,call,x,2026-01-31\n")
    env = environment(world, LINECARD_PRICES="prices.csv")
    for command in (("rates", "+91"), ("serve", "--port", "0")):
        shown = await linecard(*command, env=env, cwd=tmp_path)
        assert (shown.code, shown.out) == (1, "")
        assert shown.err.startswith("linecard: prices.csv, line 2: usd must be")


async def test_a_server_does_not_start_with_a_wrong_list(tmp_path: Path) -> None:
    (tmp_path / "prices.toml").write_text("[[plivo]]\n")
    with pytest.raises(ConfigurationError, match=r"prices\.toml, line 1: what is missing"):
        async with telephone(tmp_path, prices=f"{tmp_path}/prices.toml"):
            pass
