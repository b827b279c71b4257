"""`linecard numbers`, `call` and `rates` against a running server and its simulated carrier."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from linecard.simulator.ledger import What
from linecard.simulator.phone import Phone
from linecard.simulator.script import Wait
from tests.calls.faulty import fault
from tests.calls.shell import Finished, environment, linecard
from tests.calls.telephone import CUSTOMER, KEY, OURS, Telephone, telephone

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Telephone]:
    async with telephone(tmp_path_factory.mktemp("world")) as running:
        yield running


async def run(world: Telephone, *arguments: str) -> Finished:
    """A command of somebody who has the server's address and key, and nothing else."""
    env = {"LINECARD_PUBLIC_URL": world.exchange.settings.public_url, "LINECARD_API_KEY": KEY}
    return await linecard(*arguments, env=env, cwd=Path("/"))


async def test_a_number_from_its_registration_to_its_end(world: Telephone) -> None:
    added = await run(
        world, "numbers", "add", OURS, "--provider", "plivo", "--channels", "3", "--record",
        "--options", '{"noise_cancellation": true}',
    )  # fmt: skip
    assert (added.code, added.err) == (0, "")
    assert "provider   plivo" in added.out
    assert f"linecard numbers connect {OURS}" in added.out.splitlines()
    again = await run(world, "numbers", "add", OURS, "--provider", "plivo")
    assert (again.code, again.out) == (1, "")
    assert again.err == f"linecard: 409: {OURS} is registered already\n"

    changed = await run(
        world, "numbers", "set", OURS, "agent=greeter", "record=false", "stream=l16-16000"
    )
    assert changed.code == 0
    shown = await run(world, "numbers", "show", OURS)
    assert shown.out == changed.out
    for line in ("agent      greeter", "record     false", "stream     l16-16000", "channels   3"):
        assert line in shown.out.splitlines()
    assert 'options    {"noise_cancellation": true}' in shown.out.splitlines()

    listed = await run(world, "numbers", "list")
    row = next(line for line in listed.out.splitlines() if OURS in line)
    assert row.split() == [OURS, "plivo", "main", "greeter", "3", "l16-16000", "false", "true"]

    removed = await run(world, "numbers", "remove", OURS)
    assert (removed.code, removed.out) == (0, f"{OURS} is no longer registered\n")
    assert (await run(world, "numbers", "show", OURS)).code == 1
    assert world.carrier.ledger.all(What.REQUEST) == ()


async def test_a_refusal_is_said_in_the_server_s_words(world: Telephone) -> None:
    refused = await run(world, "numbers", "add", "123", "--provider", "plivo")
    assert refused.code == 1
    assert refused.err.startswith("linecard: 422: number: ")
    assert refused.err.count("\n") == 1
    wrong_key = {"LINECARD_API_KEY": "wrong-key-0123456789"}
    asked = ("numbers", "list", "--url", world.url)
    answer = await linecard(*asked, env=wrong_key, cwd=Path("/"))
    assert answer.code == 1
    assert answer.err.startswith("linecard: 401: ")


async def test_calls_are_placed_and_a_key_never_dials_twice(world: Telephone) -> None:
    await world.register()
    world.carrier.phones[CUSTOMER] = Phone(ring_seconds=1, script=(Wait(1),), hangs_up=True)
    arguments = [
        "call", CUSTOMER, "--from", OURS, "--agent", "echo", "--metadata", '{"order": 17}',
        "--ring-seconds", "31", "--max-seconds", "61", "--send-digits", "1", "--key", "once",
    ]  # fmt: skip
    placed = await run(world, *arguments)
    assert (placed.code, placed.err) == (0, "")
    call_id, status = placed.out.split()
    assert status in ("dialing", "ringing", "in-progress")
    call = await world.ended(call_id)
    assert (call["status"], call["metadata"], call["agent"]) == ("completed", {"order": 17}, "echo")
    again = await run(world, *arguments)
    assert again.out.split() == [call_id, "completed"]
    assert world.carrier.ledger.dials(CUSTOMER) == 1
    (request,) = world.carrier.ledger.all(What.REQUEST, method="POST")
    body = request.facts["body"]
    assert isinstance(body, dict)
    assert (body["ring_timeout"], body["time_limit"], body["send_digits"]) == (31, 61, "1")


async def test_a_call_that_was_not_placed_fails_the_command(world: Telephone) -> None:
    arguments = ("call", "+14155550124", "--from", OURS)
    if not (await world.api.get(f"/api/numbers/{OURS}")).is_success:
        await world.register()
    with fault(world, too_many_requests=1):
        refused = await run(world, *arguments)
    assert refused.code == 1
    assert refused.out.split()[1] == "failed"
    assert "429" in refused.err
    with fault(world, error_before=1):
        unknown = await run(world, *arguments)
    assert unknown.code == 1
    assert unknown.out.split()[1] == "unknown"
    assert "has not said whether it dialled" in unknown.err


async def test_rates_of_every_account(world: Telephone, tmp_path: Path) -> None:
    env = environment(world)
    shown = await linecard("rates", "+919812345678", env=env, cwd=tmp_path)
    assert (shown.code, shown.err) == (0, "")
    (row,) = [line for line in shown.out.splitlines() if "plivo:main" in line]
    assert "+91" in row
    assert "60 s" in row
    assert "Plivo pricing API" in row
    nowhere = await linecard("rates", "+999", env=env, cwd=tmp_path)
    assert (nowhere.code, nowhere.out) == (1, "")
    assert "destination" in nowhere.err
