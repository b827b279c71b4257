"""Pointing a number at our server through the carrier's API, and giving it back."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
import pytest_asyncio

from linecard.cli import connecting
from linecard.errors import LinecardError
from linecard.simulator.ledger import What
from linecard.simulator.phone import Phone
from linecard.simulator.script import Wait
from linecard.store import numbers
from tests.calls.faulty import fault
from tests.calls.shell import Finished, environment, linecard
from tests.calls.telephone import CUSTOMER, OURS, Telephone, telephone

pytestmark = pytest.mark.asyncio(loop_scope="module")

NAME = re.compile(r"linecard-127-0-0-1-[0-9a-f]{6}")
MINE = {
    "app_name": "my old menu",
    "answer_url": "https://menu.example.com/answer",
    "message_url": "https://menu.example.com/sms",
}


class Console:
    """The carrier's own console: what a person sees there and does."""

    def __init__(self, world: Telephone) -> None:
        account = world.carrier.environment(world.carrier.url)
        auth = (account["PLIVO_AUTH_ID"], account["PLIVO_AUTH_TOKEN"])
        base = f"{world.carrier.url}/v1/Account/{auth[0]}/"
        self._client = httpx2.AsyncClient(base_url=base, auth=auth)

    async def get(self, path: str) -> dict[str, Any]:
        return dict((await self._client.get(path)).raise_for_status().json())

    async def post(self, path: str, body: Mapping[str, object]) -> dict[str, Any]:
        return dict((await self._client.post(path, json=body)).raise_for_status().json())

    async def target(self) -> str:
        return str((await self.get(f"Number/{OURS[1:]}/"))["application"])

    async def application(self, target: str) -> dict[str, Any]:
        shown = await self.get(target.partition("/Account/")[2].partition("/")[2])
        return {name: value for name, value in shown.items() if name != "api_id"}

    async def ours(self) -> list[str]:
        """The names of the applications that Linecard has made."""
        listed = (await self.get("Application/"))["objects"]
        return [one["app_name"] for one in listed if NAME.fullmatch(one["app_name"])]

    async def close(self) -> None:
        await self._client.aclose()


@pytest_asyncio.fixture(loop_scope="module")
async def world(tmp_path: Path) -> AsyncIterator[Telephone]:
    async with telephone(tmp_path) as running:
        running.carrier.switch.directory.rent(OURS)  # type: ignore[attr-defined]
        await running.register()
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def console(world: Telephone) -> AsyncIterator[Console]:
    console = Console(world)
    yield console
    await console.close()


async def run(world: Telephone, command: str, *options: str, stdin: str = "") -> Finished:
    return await linecard(
        "numbers", command, OURS, *options, env=environment(world), cwd=Path("/"), stdin=stdin
    )


Here = Callable[[str], Awaitable[Finished]]


@pytest.fixture
def here(
    world: Telephone, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Here:
    """Runs a command in this process, which takes a tenth of the time of one of its own."""

    async def running(command: str) -> Finished:
        for name, value in environment(world).items():
            monkeypatch.setenv(name, value)
        capsys.readouterr()
        work = connecting.connect(OURS, True) if command == "connect" else None
        try:
            await (work or connecting.disconnect(OURS))
        except LinecardError as error:
            return Finished(1, capsys.readouterr().out, f"linecard: {error}\n")
        return Finished(0, capsys.readouterr().out, "")

    return running


async def mine(console: Console) -> str:
    """Point the number at an application of somebody else's; its address."""
    created = await console.post("Application/", MINE)
    await console.post(f"Number/{OURS[1:]}/", {"app_id": created["app_id"]})
    return await console.target()


async def kept(world: Telephone) -> tuple[str | None, str | None]:
    async with world.exchange.database.read() as conn:
        number = await numbers.get(conn, OURS)
    assert number is not None
    return number.former_target, number.connected_target


async def test_a_number_is_connected_and_given_back(world: Telephone, console: Console) -> None:
    former = await mine(console)
    before = await console.application(former)

    connected = await run(world, "connect", "--yes")
    assert (connected.code, connected.err) == (0, "")
    ours = await console.target()
    lines = connected.out.splitlines()
    assert lines[0] == f"{OURS} points at {former}"
    assert "text messages" in lines[1]
    assert lines[-1] == f"{OURS} points at {ours}"
    assert await kept(world) == (former, ours)
    await _check_own(world, await console.application(ours))
    assert await console.application(former) == before

    again = await run(world, "connect", "--yes")
    assert again.code == 0
    assert await kept(world) == (former, ours)
    assert len(await console.ours()) == 1

    given_back = await run(world, "disconnect")
    assert (given_back.code, given_back.out) == (0, f"{OURS} points at {former}\n")
    assert await console.target() == former
    assert await console.application(former) == before
    assert await kept(world) == (None, None)
    twice = await run(world, "disconnect")
    assert twice.code == 1
    assert "was not connected from here" in twice.err


async def _check_own(world: Telephone, own: dict[str, Any]) -> None:
    """Our application: named after the host, with all our addresses, and the messages as they were."""
    public = world.exchange.settings.public_url
    wanted = {
        "answer_url": ("/plivo/answer", "answer"),
        "hangup_url": ("/plivo/callback/status", "ended"),
        "fallback_answer_url": ("/plivo/answer", "fallback"),
    }
    assert NAME.fullmatch(own["app_name"])
    for field, (path, kind) in wanted.items():
        parts = urlsplit(own[field])
        assert f"{parts.scheme}://{parts.netloc}" == public
        query = parse_qs(parts.query)
        assert (query["a"], query["k"]) == (["main"], [kind]), field
        assert parts.path.startswith("/plivo/"), path
        assert "rp=" in parts.fragment
    methods = [own["answer_method"], own["hangup_method"], own["fallback_method"]]
    assert methods == ["POST"] * 3
    assert own["message_url"] == MINE["message_url"]


async def test_calls_come_in_through_the_connected_application(
    world: Telephone, console: Console, here: Here
) -> None:
    await mine(console)
    assert (await here("connect")).code == 0
    await world.carrier.call_in(CUSTOMER, OURS, Phone(script=(Wait(2),), hangs_up=True))
    call = await world.ended((await world.only_call())["id"])
    assert (call["status"], call["direction"]) == ("completed", "inbound")


async def test_without_yes_a_person_is_asked_and_may_say_no(
    world: Telephone, console: Console
) -> None:
    former = await mine(console)
    for stdin in ("n\n", ""):
        asked = await run(world, "connect", stdin=stdin)
        assert asked.code == 1
        assert asked.out.startswith(f"{OURS} points at {former}\n")
        assert await console.target() == former
        assert await console.ours() == []
    assert (await run(world, "connect", stdin="y\n")).code == 0
    assert await console.target() != former


async def test_a_number_that_was_moved_since_is_left_alone(
    world: Telephone, console: Console, here: Here
) -> None:
    await mine(console)
    assert (await here("connect")).code == 0
    created = await console.post("Application/", MINE | {"app_name": "a newer menu"})
    await console.post(f"Number/{OURS[1:]}/", {"app_id": created["app_id"]})
    moved = await console.target()
    refused = await here("disconnect")
    assert refused.code == 1
    assert moved in refused.err
    assert await console.target() == moved


async def test_a_carrier_that_fails_leaves_no_half_truth(
    world: Telephone, console: Console, here: Here
) -> None:
    former = await mine(console)
    with fault(world, "^POST .*/Number/", error_before=1):
        failed = await here("connect")
    assert failed.code == 1
    assert failed.err.startswith("linecard: plivo: ")
    assert await console.target() == former
    assert (await kept(world))[1] is None
    assert (await here("connect")).code == 0
    assert (await kept(world))[0] == former


async def test_where_it_pointed_is_known_even_if_the_last_word_was_lost(
    world: Telephone, console: Console, here: Here
) -> None:
    former = await mine(console)
    with fault(world, "^POST .*/Number/", error_after=1):
        assert (await here("connect")).code == 1
    assert await console.target() != former
    assert (await here("connect")).code == 0
    assert (await kept(world))[0] == former
    assert (await here("disconnect")).code == 0
    assert await console.target() == former


async def test_a_number_that_is_not_registered_is_named(world: Telephone, here: Here) -> None:
    assert (await world.api.delete(f"/api/numbers/{OURS}")).status_code == 204
    refused = await here("connect")
    assert refused.code == 1
    assert "linecard numbers add" in refused.err
    assert world.carrier.ledger.all(What.REQUEST) == ()
