"""Acme, a provider in a distribution of its own: it is small, light, and carries whole calls."""

from __future__ import annotations

import ast
import asyncio
import json
import random
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.calls.telephone import CUSTOMER, OURS
from tests.examples.acme import FOLDER, Acme, carrier, heard, socket, speak

SOURCES = sorted((FOLDER / "linecard_acme").glob("*.py"))
MOST_LINES = 150
MOST_LINES_OF_TESTS = 40
ASKED = {"event": "ask", "call": "c1", "way": "inbound", "caller": CUSTOMER, "called": OURS}


@pytest.fixture
async def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Acme]:
    monkeypatch.syspath_prepend(str(FOLDER))
    async with carrier(tmp_path) as running:
        yield running


def test_it_is_short() -> None:
    lines = [line for path in SOURCES for line in path.read_text().splitlines()]
    assert len([line for line in lines if line.strip()]) < MOST_LINES
    tests = [path.read_text().splitlines() for path in (FOLDER / "tests").glob("*.py")]
    assert sum(map(len, tests)) < MOST_LINES_OF_TESTS


def test_it_imports_the_public_package_and_nothing_deeper() -> None:
    nodes = [node for path in SOURCES for node in ast.walk(ast.parse(path.read_text()))]
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    assert "linecard" in names
    assert not [name for name in names if name.startswith("linecard.")]


def test_loading_it_is_light() -> None:
    script = (
        f"import sys; sys.path.insert(0, {str(FOLDER)!r}); import linecard_acme; "
        "linecard_acme.Acme.facts(); print('httpx2' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


async def test_a_call_comes_in_is_heard_and_ends(acme: Acme) -> None:
    steps = await acme.steps(f"{acme.world.url}/acme/answer", **ASKED)
    assert [step["do"] for step in steps] == ["stream", "ask"]
    said = bytes(random.Random(1).choices(range(0x80, 0xFF), k=16000))
    async with socket(steps[0]["url"]) as ws, asyncio.timeout(30):
        _, echo = await asyncio.gather(speak(ws, said), heard(ws, 8000))
        assert said[:1600] in echo
    call = await acme.world.only_call()
    over = {"event": "ended", "call": "c1", "outcome": "talked", "seconds": "7"}
    url = f"{acme.world.url}/acme/callback/status"
    await acme.post(url, **over, leg="media")
    assert (await acme.world.call(call["id"]))["ended_at"] is None
    for _ in range(2):
        await acme.post(url, **over, usd="0.0120")
    call = await acme.world.ended(call["id"])
    assert (call["status"], call["duration"], call["cost"]) == ("completed", 7, "0.0120")


async def test_a_call_goes_out_with_one_request_and_is_hung_up(acme: Acme) -> None:
    call = await acme.world.dial()
    ((method, path, wish),) = acme.api.asked
    assert (method, path, wish["from"], wish["to"]) == ("POST", "/calls", OURS, CUSTOMER)
    await acme.post(wish["report_url"], event="ringing", call="c1")
    assert (await acme.world.call(call["id"]))["status"] == "ringing"
    asked = ASKED | {"way": "outbound", "caller": OURS, "called": CUSTOMER}
    steps = await acme.steps(wish["ask_url"], **asked)
    assert await acme.steps(wish["ask_url"], **asked) == steps
    assert (await acme.world.call(call["id"]))["status"] == "in-progress"
    await acme.world.api.post(f"/api/calls/{call['id']}/hangup")
    assert acme.api.asked[1][:2] == ("DELETE", "/calls/c1")
    assert await acme.steps(steps[1]["url"], **asked) == [{"do": "hang up"}]


@pytest.mark.parametrize(("status", "became"), [(403, "failed"), (502, "unknown")])
async def test_a_dial_without_a_clear_yes_is_never_repeated(
    acme: Acme, status: int, became: str
) -> None:
    acme.api.status = status
    call = await acme.world.dial()
    assert (call["status"], len(acme.api.asked)) == (became, 1)


async def test_a_request_that_is_not_signed_is_refused(acme: Acme) -> None:
    url = f"{acme.world.url}/acme/answer"
    answer = await acme.world.api.post(url, data=ASKED)
    assert answer.status_code == 403
    assert json.loads((await acme.world.api.get("/api/calls")).text)["items"] == []
