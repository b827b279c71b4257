"""A whole campaign on the demo's stage: a simulated carrier, our real server, and people who pick up or do not."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any

import phonenumbers

from linecard import LinecardError
from linecard.demo.logbook import collected_logs
from linecard.demo.stage import Stage, stage
from linecard.simulator.phone import BUSY, NO_ANSWER, Phone, human, voicemail
from linecard_campaigns import retrying
from linecard_campaigns.misfit import check_this
from linecard_campaigns.showing import Screen
from linecard_campaigns.spreadsheets import read_lines
from linecard_campaigns.standing import DIALLED, WAITING

OURS = "+14155550100"
LOOK_SECONDS = 0.5
HOUR_SECONDS = 6.0
RING_SECONDS = 15
LONGEST_CALL = 60
WIDE: Mapping[str, str] = MappingProxyType(
    {
        "LINECARD_MAX_CALLS_PER_MINUTE": "10000",
        "LINECARD_MAX_CALLS_PER_NUMBER_PER_DAY": "1000",
    }
)
"""Limits that a trial must not wait for."""
PEOPLE: tuple[tuple[float, Callable[[], Phone]], ...] = (
    (0.60, cache(lambda: human("Hello?", ring_seconds=2, talk_seconds=3))),
    (0.15, lambda: BUSY),
    (0.15, lambda: NO_ANSWER),
    (0.10, cache(lambda: voicemail("Please leave a message.", patience=5))),
)
"""Who is at the telephones, with their shares."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What is tried out. `out` None: no files are written."""

    file: Path
    agent: str
    provider: str | None
    channels: int
    attempts: int
    speed: float
    out: Path | None


async def try_out(trial: Trial) -> bool:
    """Run the campaign and tell of it; whether every lead has ended.

    Raises InvalidField for a file that cannot be read, and ConfigurationError for a provider or an agent
    that is not there, or where campaigns cannot run at all.
    """
    check_this()
    people = [line.cells.get("to", "") for line in read_lines(trial.file.read_bytes())]
    name, agents = _agent(trial.agent)
    trial = replace(trial, agent=name)
    with TemporaryDirectory(prefix="linecard-campaign-") as folder, collected_logs() as book:
        variables = {**WIDE, "LINECARD_ALLOWED_COUNTRIES": _countries(people)}
        async with stage(trial.provider, trial.speed, Path(folder), agents, variables) as built:
            for to in people:
                built.carrier.phones[to] = _phone(to)
            done = await _run(built, trial, Screen())
    for text in dict.fromkeys(book.errors):
        print(f"logged: {text.splitlines()[0]}")
    return done


async def _run(built: Stage, trial: Trial, screen: Screen) -> bool:
    await _register(built, trial)
    campaign = await built.ask("POST", "/campaigns", _plan(built, trial))
    path = f"/campaigns/{campaign['id']}"
    told = await _send(built, f"/api{path}/leads.csv", trial.file.read_bytes())
    screen.taken(told)
    with screen.progress(told["added"]) as show:
        while (shown := await built.ask("GET", path)) and _open(shown):
            show(shown["counts"])
            await asyncio.sleep(LOOK_SECONDS)
        show(shown["counts"])
    screen.report(await built.ask("GET", f"{path}/report"))
    if trial.out is not None:
        await _write(built, path, trial.out, screen)
    return bool(told["added"]) and not _open(shown)


def _open(shown: Mapping[str, Any]) -> int:
    """How many leads have not ended; none in a campaign that has paused itself."""
    if shown["status"] not in ("running", "finished"):
        raise LinecardError(f"the campaign is {shown['status']}: {shown['reason']}")
    return sum(shown["counts"][status] for status in (*WAITING, *DIALLED))


async def _register(built: Stage, trial: Trial) -> None:
    body = {
        "number": OURS,
        "provider": built.provider,
        "agent": trial.agent,
        "channels": trial.channels,
        "options": built.carrier.number_options(),
    }
    registered = await built.ask("POST", "/numbers", body)
    pasted = [step["paste"] for step in registered["setup"] if step["paste"]]
    built.carrier.set_up(OURS, pasted)


def _plan(built: Stage, trial: Trial) -> dict[str, object]:
    return {
        "name": trial.file.stem[:128] or "trial",
        "agent": trial.agent,
        "numbers": [OURS],
        "channels": trial.channels,
        "max_attempts": trial.attempts,
        "machine": "detect" if "detect" in built.facts.machine_detection else "off",
        "ring_seconds": RING_SECONDS,
        "max_seconds": LONGEST_CALL,
        "retry": {
            outcome: {"minutes": policy.minutes * HOUR_SECONDS / 3600}
            for outcome, policy in retrying.DEFAULT.items()
        },
        "guard": False,
    }


async def _send(built: Stage, path: str, content: bytes) -> Mapping[str, Any]:
    answer = await built.client.post(path, content=content)
    if not answer.is_success:
        raise LinecardError(str(answer.json().get("detail", answer.text)))
    told: Mapping[str, Any] = answer.json()
    return told


async def _write(built: Stage, path: str, out: Path, screen: Screen) -> None:
    for name in ("leads.csv", "report.svg"):
        _save(out / name, (await built.client.get(f"/api{path}/{name}")).content)
        screen.wrote(out / name)


def _save(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


def _agent(wanted: str) -> tuple[str, tuple[str, ...]]:
    """Its name, and where it comes from if it is none of our own."""
    return ("campaign", (f"campaign={wanted}",)) if ":" in wanted else (wanted, ())


def _phone(to: str) -> Phone:
    """The same person at the same number, each time."""
    place = random.Random(to).random()  # noqa: S311  it casts people, and hides nothing
    for share, person in PEOPLE:
        place -= share
        if place < 0:
            return person()
    return PEOPLE[0][1]()


def _countries(people: list[str]) -> str:
    """Wherever these numbers are: in a trial nobody is called there."""
    found = {"US"}
    for to in people:
        try:
            found.add(phonenumbers.region_code_for_number(phonenumbers.parse(to, None)) or "US")
        except phonenumbers.NumberParseException:
            continue
    return ",".join(sorted(code for code in found if code.isalpha()))
