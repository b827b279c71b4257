"""Two accounts of one provider in one server, each at a carrier of its own: nothing crosses over."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import httpx2
import pytest
import pytest_asyncio

from linecard.cli import connecting
from linecard.clock import Clock
from linecard.errors import ConfigurationError
from linecard.exchange import endings
from linecard.exchange.lifecycle import build_exchange
from linecard.http.api.lookups import existing_call
from linecard.http.server import serving
from linecard.listening import free_port
from linecard.plugins import Plugins
from linecard.settings import load_settings
from linecard.simulator.ledger import What
from linecard.simulator.phone import Phone
from linecard.simulator.script import Speak, Wait
from linecard.simulator.serving import running
from linecard.simulator.speech import speech
from linecard.testing.laid_out import lay_out
from linecard.webhook import Kind
from linecard_plivo.simulator import SimulatedPlivo
from tests.calls.problems import refused
from tests.calls.signed import Line, Plivo, answer_form, everything, hangup_form, refusal
from tests.calls.telephone import (
    CUSTOMER,
    KEY,
    OURS,
    SPEED,
    Telephone,
    names,
)
from tests.docs.pages import ROOT, blocks

pytestmark = pytest.mark.asyncio(loop_scope="module")

MAIN, INDIA = "main", "india"
THEIRS = "+918035550100"
CUSTOMERS = {MAIN: CUSTOMER, INDIA: "+919812345678"}
TALK = speech("hello there")
TALKER = Phone(ring_seconds=0.3, script=(Wait(1), Speak(TALK)) * 200)
SHORT = Phone(ring_seconds=0.1, script=(Wait(1),), hangs_up=True)
STAYS = Phone(ring_seconds=0.1, script=(Wait(600),))


@dataclass(frozen=True, slots=True)
class Two:
    """The same server, seen from each of its accounts."""

    main: Telephone
    india: Telephone

    def of(self, account: str) -> Telephone:
        """The world of an account."""
        return {MAIN: self.main, INDIA: self.india}[account]

    def token(self, account: str) -> str:
        """The secret with which an account's carrier signs."""
        return self.of(account).carrier.environment("")["PLIVO_AUTH_TOKEN"]

    def address(self, account: str, kind: Kind, call: str = "") -> str:
        """An address as an account is given it."""
        return self.main.exchange.addresses("plivo", account).webhook(kind, call)

    async def send(self, signed_by: str, url: str, form: Mapping[str, str]) -> int:
        """The status of a form that an account's secret has signed."""
        return (await Plivo(self.main, self.token(signed_by)).send(url, form)).status


def example() -> str:
    """The linecard.toml that the documentation shows."""
    (text,) = (
        text for text in blocks(ROOT / "docs" / "settings.md", "toml") if "[accounts." in text
    )
    return text


def filled(text: str, carriers: Mapping[str, tuple[SimulatedPlivo, str]]) -> str:
    """The example with the accounts' own credentials and addresses."""
    for account, (carrier, url) in carriers.items():
        own = carrier.environment(url)
        text, times = re.subn(
            rf'(\[accounts\.{account}\]\nprovider = "plivo"\n)auth_id = ".*"\nauth_token = ".*"\n',
            rf'\1auth_id = "{own["PLIVO_AUTH_ID"]}"\nauth_token = "{own["PLIVO_AUTH_TOKEN"]}"\n'
            rf'api_url = "{url}"\n',
            text,
        )
        assert times == 1, account
    return text


@asynccontextmanager
async def two(folder: Path, toml: str, **settings: str) -> AsyncIterator[Two]:
    """The server, and the carriers of its accounts."""
    plugins, clock = Plugins.discover(), Clock(SPEED)
    public_url = f"http://127.0.0.1:{free_port()}"
    async with AsyncExitStack() as stack:
        carriers = {}
        for seed, account in enumerate((MAIN, INDIA)):
            carrier = SimulatedPlivo(public_url, clock=clock, seed=seed)
            url = await stack.enter_async_context(running(carrier, public_url))
            carriers[account] = (carrier, url)
        (folder / "linecard.toml").write_text(filled(toml, carriers))
        environment = {
            "LINECARD_PUBLIC_URL": public_url,
            "LINECARD_DATABASE_URL": lay_out(folder / "linecard.db"),
            "LINECARD_API_KEY": KEY,
            "LINECARD_SECRET": "s" * 40,
            **{f"LINECARD_{name.upper()}": value for name, value in settings.items()},
        }
        classes = {name: one.cls for name, one in plugins.providers.items()}
        loaded = load_settings(environment, classes, str(folder / "linecard.toml"))
        exchange = build_exchange(loaded, plugins, (), clock)
        port = urlsplit(public_url).port
        (url,) = await stack.enter_async_context(serving(exchange, "127.0.0.1", port or 0))
        api = await stack.enter_async_context(
            httpx2.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {KEY}"}, timeout=30)
        )
        worlds = [Telephone(carrier, exchange, api, url) for carrier, _ in carriers.values()]
        both = Two(*worlds)
        await both.main.register(channels=10, account=MAIN, record=True)
        await both.india.register(number=THEIRS, channels=20, account=INDIA, record=True)
        await _connect(both, {**environment, "LINECARD_CONFIG": str(folder / "linecard.toml")})
        yield both


async def _connect(both: Two, environment: Mapping[str, str]) -> None:
    """Point each number at the server, through its own account, as a person does."""
    for account, number in ((MAIN, OURS), (INDIA, THEIRS)):
        both.of(account).carrier.switch.directory.rent(number)  # type: ignore[attr-defined]
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        for number in (OURS, THEIRS):
            await connecting.connect(number, True)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def both(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Two]:
    wide = {"max_calls_per_minute": "10000", "max_calls_per_number_per_day": "1000"}
    async with two(tmp_path_factory.mktemp("world"), example(), **wide) as made:
        yield made


async def dial(both: Two, account: str) -> str:
    """A call to the account's customer, from its number."""
    number = {MAIN: OURS, INDIA: THEIRS}[account]
    wish = {"from": number, "to": CUSTOMERS[account]}
    answer = await both.main.api.post("/api/calls", json=wish)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def streaming(both: Two, account: str) -> dict[str, Any]:
    """A live call of an account, with its agent."""
    both.of(account).carrier.phones[CUSTOMERS[account]] = STAYS
    call = await dial(both, account)
    return await both.main.until(call, lambda one: "stream-started" in names(one))


async def talked(both: Two, account: str, call_id: str) -> dict[str, Any]:
    """The call once its person has heard the agent, and it was hung up."""
    call = await both.main.until(call_id, lambda one: "stream-started" in names(one))
    uuid = call["carrier_ids"]["call_uuid"]
    (playback,) = both.of(account).carrier.playbacks(uuid)
    await both.main.eventually(lambda: any(playback.played))
    assert (await both.main.api.post(f"/api/calls/{call_id}/hangup")).status_code == 202
    return await both.main.ended(call_id)


def requests(both: Two, account: str) -> list[str]:
    """Every request to an account's carrier: method, address, body."""
    seen = both.of(account).carrier.ledger.all(What.REQUEST)
    return [f"{one.facts.get('method')} {one.facts.get('path')} {one.facts}" for one in seen]


async def call_ids(both: Two) -> list[object]:
    """Every call that is on record."""
    return [row[0] for row in (await everything(both.main))["calls"]]


def assert_apart(both: Two) -> None:
    """Neither carrier has ever been asked with the other's credentials, or about the other's calls."""
    for account, other in ((MAIN, INDIA), (INDIA, MAIN)):
        foreign = set(both.of(other).carrier.switch.calls)  # type: ignore[attr-defined]
        foreign |= {both.of(other).carrier.environment("")["PLIVO_AUTH_ID"]}
        for request in requests(both, account):
            assert not [one for one in foreign if one in request], request


async def test_calls_go_out_on_both_at_once(both: Two) -> None:
    for account in (MAIN, INDIA):
        both.of(account).carrier.phones[CUSTOMERS[account]] = TALKER
    placed = await asyncio.gather(dial(both, MAIN), dial(both, INDIA))
    for account, other, call_id in zip((MAIN, INDIA), (INDIA, MAIN), placed, strict=True):
        call = await talked(both, account, call_id)
        assert (call["account"], call["status"]) == (account, "completed")
        assert float(call["cost"]) > 0
        call = await both.main.until(
            call_id, lambda one: [it["status"] for it in one["recordings"]] == ["completed"]
        )
        carrier, foreign = both.of(account).carrier, both.of(other).carrier
        uuid = call["carrier_ids"]["call_uuid"]
        assert carrier.ledger.dials(CUSTOMERS[account]) == 1
        assert foreign.ledger.dials(CUSTOMERS[account]) == 0
        assert len(carrier.ledger.all(What.RECORDING_STARTED, uuid)) == 1
        assert foreign.ledger.all(What.RECORDING_STARTED, uuid) == ()
        file = await both.main.api.get(f"/api/calls/{call_id}/recordings/1")
        assert file.status_code == 200
    assert_apart(both)


async def test_calls_come_in_on_both_at_once(both: Two) -> None:
    uuids = [
        await both.main.carrier.call_in(CUSTOMERS[MAIN], OURS, TALKER),
        await both.india.carrier.call_in(CUSTOMERS[INDIA], THEIRS, TALKER),
    ]
    for account, uuid in zip((MAIN, INDIA), uuids, strict=True):
        call_id = ""

        async def arrived(sought: str = uuid) -> bool:
            nonlocal call_id
            listed = (await both.main.api.get("/api/calls?limit=200")).json()["items"]
            known = {one["carrier_ids"].get("call_uuid"): one["id"] for one in listed}
            call_id = known.get(sought, "")
            return bool(call_id)

        await both.main.eventually(arrived)
        call = await talked(both, account, call_id)
        assert (call["account"], call["direction"]) == (account, "inbound")
        assert call["status"] == "completed"
    assert_apart(both)


async def test_a_call_is_looked_up_and_hung_up_at_its_own_carrier(both: Two) -> None:
    calls = {account: await streaming(both, account) for account in (MAIN, INDIA)}
    for account, other in ((MAIN, INDIA), (INDIA, MAIN)):
        call = await existing_call(both.main.exchange, str(calls[account]["id"]))
        before, foreign = len(requests(both, account)), len(requests(both, other))
        await endings.look_up(both.main.exchange, call)
        assert len(requests(both, account)) > before
        answer = await both.main.api.post(f"/api/calls/{call.id}/hangup")
        assert answer.status_code == 202
        await both.main.ended(call.id)
        assert len(requests(both, other)) == foreign
        assert call.carrier_ids["call_uuid"] not in both.of(account).carrier.ledger.live_legs()
    assert_apart(both)


@pytest.mark.parametrize(("account", "other"), [(MAIN, INDIA), (INDIA, MAIN)])
async def test_a_request_signed_with_the_other_secret_is_refused(
    both: Two, account: str, other: str
) -> None:
    call = await streaming(both, account)
    uuid = call["carrier_ids"]["call_uuid"]
    end = both.address(account, Kind.ENDED, str(call["id"]))
    before = await call_ids(both)
    assert await both.send(other, end, hangup_form(uuid)) == 403
    answer = both.address(account, Kind.ANSWER)
    assert await both.send(other, answer, answer_form()) == 403
    assert await call_ids(both) == before
    assert "leg-ended" not in names(await both.main.call(str(call["id"])))
    assert await both.send(account, end, hangup_form(uuid)) == 200
    await both.main.ended(str(call["id"]))


def renamed(url: str, account: str) -> str:
    """The same address with another account in it."""
    parts = urlsplit(url)
    query = urlencode([(n, account if n == "a" else v) for n, v in parse_qsl(parts.query)])
    return urlunsplit(parts._replace(query=query))


@pytest.mark.parametrize(("account", "other"), [(MAIN, INDIA), (INDIA, MAIN)])
async def test_an_address_of_the_wrong_account_is_refused(
    both: Two, account: str, other: str
) -> None:
    call = await streaming(both, account)
    uuid = call["carrier_ids"]["call_uuid"]
    form = hangup_form(uuid)
    own = both.address(account, Kind.ENDED, str(call["id"]))
    before = await call_ids(both)
    for signed_by in (account, other):
        assert await both.send(signed_by, renamed(own, other), form) == 403
    # An address that the other account could really have been given, with this account's call in it.
    assert await both.send(other, both.address(other, Kind.ENDED, str(call["id"])), form) == 403
    assert await both.send(account, renamed(own, "nobody"), form) in {403, 404}
    assert await call_ids(both) == before
    live = await both.main.call(str(call["id"]))
    assert live["status"] == "in-progress"
    assert "leg-ended" not in names(live)
    assert await both.send(account, own, form) == 200


async def test_a_media_socket_signed_with_the_other_secret_is_refused(both: Two) -> None:
    line = await Line.ring(Plivo(both.main, both.token(MAIN)))
    stranger = replace(line, plivo=Plivo(both.main, both.token(INDIA)))
    assert await refusal(stranger.connect()) == 403
    assert await refusal(line.connect()) == 101


@pytest.mark.parametrize(
    ("account", "number"), [(MAIN, THEIRS), (INDIA, OURS)], ids=["theirs", "ours"]
)
async def test_a_call_to_a_number_of_the_other_account_opens_no_call(
    both: Two, account: str, number: str
) -> None:
    before = await call_ids(both)
    form = answer_form(To=number.removeprefix("+"))
    url = both.address(account, Kind.ANSWER)
    said = await Plivo(both.main, both.token(account)).send(url, form)
    assert said.status == 200
    assert b"<Stream" not in said.body
    assert await call_ids(both) == before


async def test_the_id_of_the_other_account_s_call_moves_nothing(both: Two) -> None:
    call = await streaming(both, MAIN)
    uuid = call["carrier_ids"]["call_uuid"]
    url = both.address(INDIA, Kind.ENDED)
    assert await both.send(INDIA, url, hangup_form(uuid)) == 200
    assert (await both.main.call(str(call["id"])))["status"] == "in-progress"
    own = both.address(MAIN, Kind.ENDED, str(call["id"]))
    assert await both.send(MAIN, own, hangup_form(uuid)) == 200


async def test_prices_are_asked_of_each_account(both: Two) -> None:
    shown = (await both.main.api.get("/api/rates?to=91")).json()["accounts"]
    assert [one["account"] for one in shown] == [INDIA, MAIN]
    assert all(one["error"] is None and one["total"] for one in shown)
    assert_apart(both)


@pytest.mark.slow
async def test_an_account_has_limits_of_its_own(tmp_path: Path) -> None:
    toml = example().replace("max_live_calls = 10", "max_live_calls = 1")
    toml = toml.replace("max_calls_per_minute = 30", "max_calls_per_minute = 2")
    async with two(tmp_path, toml) as both:
        await streaming(both, MAIN)
        call = await streaming(both, INDIA)
        wish = {"from": THEIRS, "to": "+919812345600"}
        problem = refused(await both.main.api.post("/api/calls", json=wish), 429)
        assert problem["limit"] == 'limits."plivo:india".max_live_calls'
        await both.india.carrier.call_in(CUSTOMERS[INDIA], THEIRS, STAYS)
        await both.india.carrier.ledger.until(What.HUNG_UP)
        listed = (await both.main.api.get("/api/calls")).json()["items"]
        assert not [one for one in listed if one["direction"] == "inbound"]

        await both.main.api.post(f"/api/calls/{call['id']}/hangup")
        await both.main.ended(str(call["id"]))
        both.india.carrier.phones[CUSTOMERS[INDIA]] = SHORT
        await both.main.ended(await dial(both, INDIA))
        problem = refused(await both.main.api.post("/api/calls", json=wish), 429)
        assert problem["limit"] == 'limits."plivo:india".max_calls_per_minute'
        both.main.carrier.phones["+14155550124"] = SHORT
        answer = await both.main.api.post("/api/calls", json={"from": OURS, "to": "+14155550124"})
        assert answer.status_code == 201
        assert_apart(both)


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ('[limits."plivo:china"]\nmax_live_calls = 1', 'limits."plivo:china" is of no account'),
        ('[limits."plivo:india"]\nmax_live_call = 1', "must be a table of max_live_calls"),
        ('[limits."plivo:india"]\nmax_live_calls = -1', "plivo:india: a limit must be 0 or more"),
        ("limits = 1", "must be tables in linecard.toml"),
    ],
)
async def test_wrong_limits_are_named(tmp_path: Path, limits: str, said: str) -> None:
    toml = example().partition("[limits")[0]
    at_top = limits if limits.startswith("limits") else ""
    (tmp_path / "linecard.toml").write_text(f"{at_top}\n{toml}\n{'' if at_top else limits}")
    classes = {name: one.cls for name, one in Plugins.discover().providers.items()}
    with pytest.raises(ConfigurationError) as error:
        load_settings({}, classes, str(tmp_path / "linecard.toml"))
    assert said in str(error.value)
