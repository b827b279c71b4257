"""Whole calls, and why they went as they did: on every carrier, by whatever course."""

from __future__ import annotations

import json
import re
from pathlib import Path

import msgspec
import pytest
from docs.listings import EXPLAINED

from linecard.explaining import Explanation, Record, explain, written
from linecard.simulator.ledger import What
from linecard.simulator.phone import BUSY, Phone
from linecard.store import timeline
from linecard.wall import now
from tests.calls.courses import (
    AGENTS,
    COURSES,
    LIMITS,
    Course,
    Played,
    never_opened,
    target_busy,
)
from tests.calls.lines import CARRIERS, line
from tests.calls.shell import linecard
from tests.calls.telephone import CUSTOMER, KEY, OURS, Telephone

WHOLE_NUMBER = re.compile(r"\+\d{8,}")


async def explained(of: Played, name: str) -> Explanation:
    answer = await of.at.world.api.get(f"/api/calls/{name}/explanation")
    assert answer.status_code == 200, answer.text
    return msgspec.convert(answer.json(), Explanation)


async def wrong(of: Played, course: Course) -> str | None:
    """What is not as it must be; None where all is well."""
    call_id = await course.run(of)
    await of.at.world.ended(call_id)
    await of.at.world.eventually(lambda: call_id not in of.at.world.exchange.lives)
    told = await explained(of, call_id)
    text = "\n".join([told.summary, *(one.text for one in told.sentences)])
    missing = [one for one in course.says if not re.search(one, text)]
    advised = "\n".join(told.advice)
    if course.advises and not re.search(course.advises, advised):
        missing.append(f"advice: {course.advises}")
    missing += WHOLE_NUMBER.findall(text + advised)
    missing += [one.text for one in told.sentences if "not said" in one.text]
    if not missing:
        return None
    return f"{course.run.__name__}: {missing}\n" + "\n".join(written(told))


async def play(folder: Path, provider: str, courses: list[Course]) -> None:
    """Every course on one line, each failure with the whole explanation."""
    async with line(folder, provider, AGENTS, **LIMITS) as at:
        await at.route({}, channels=1000)
        of = Played(at)
        faults = [await wrong(of, course) for course in courses]
        assert not any(faults), "\n\n".join(filter(None, faults))


def courses_of(provider: str) -> list[Course]:
    return [course for course in COURSES if provider in course.carriers]


@pytest.mark.parametrize("provider", CARRIERS)
async def test_some_courses_are_explained(tmp_path: Path, provider: str) -> None:
    """Every course on one carrier at least."""
    mine = [
        course
        for number, course in enumerate(COURSES)
        if sorted(course.carriers)[number % len(course.carriers)] == provider
    ]
    await play(tmp_path, provider, mine)


@pytest.mark.slow
@pytest.mark.parametrize("provider", CARRIERS)
async def test_every_course_is_explained(tmp_path: Path, provider: str) -> None:
    courses = courses_of(provider)
    assert len(courses) >= 10
    await play(tmp_path, provider, courses)


def patterns(told: Explanation) -> set[str]:
    """The sentences without their figures."""
    return {re.sub(r"\d[\d.]*( min \d+)?|wss?://\S+", "#", one.text) for one in told.sentences}


async def test_the_pages_samples_are_what_calls_leave(tmp_path: Path) -> None:
    async with line(tmp_path, "plivo", AGENTS, **LIMITS) as at:
        await at.route({}, channels=1000)
        of = Played(at)
        for run, name in (never_opened, "stream-never-opened"), (target_busy, "transfer-busy"):
            call_id = await run(of)
            await at.world.ended(call_id)
            await at.world.eventually(lambda: not at.world.exchange.lives)
            kept = (EXPLAINED / f"{name}.json").read_bytes()
            sample = explain(msgspec.json.decode(kept, type=Record))
            assert patterns(sample) - patterns(await explained(of, call_id)) == set()


async def test_a_call_is_found_by_the_carriers_name_too(world: Telephone) -> None:
    await world.register()
    world.carrier.phones[CUSTOMER] = BUSY
    call = await world.ended((await world.dial())["id"])
    of_carrier = next(iter(call["carrier_ids"].values()))
    answers = [
        (await world.api.get(f"/api/calls/{name}/explanation")).json()
        for name in (call["id"], of_carrier)
    ]
    assert answers[0] == answers[1]
    assert answers[0]["call"] == call["id"]


async def test_what_nobody_knows_is_not_found(world: Telephone) -> None:
    for name in ("nobody", "%00", "a%25", "x" * 500):
        assert (await world.api.get(f"/api/calls/{name}/explanation")).status_code == 404


async def test_a_call_to_a_number_that_is_not_registered_is_explained(world: Telephone) -> None:
    await world.register()
    await world.api.delete(f"/api/numbers/{OURS}")
    leg = await world.carrier.call_in(CUSTOMER, OURS, Phone())
    await world.carrier.ledger.until(What.HUNG_UP, leg)
    answer = await world.api.get(f"/api/calls/{leg}/explanation")
    assert answer.status_code == 200
    assert answer.json()["call"] is None
    assert "the number +1415***0100 is not registered" in answer.json()["summary"]
    assert "linecard numbers add" in answer.json()["advice"][0]


async def test_reports_that_come_twice_are_counted(world: Telephone) -> None:
    world.carrier.faults.callback_twice = 1.0
    await world.register()
    world.carrier.phones[CUSTOMER] = BUSY
    call = await world.ended((await world.dial())["id"])

    async def told() -> bool:
        answer = (await world.api.get(f"/api/calls/{call['id']}/explanation")).json()
        return "Told again by the carrier, and counted once: " in str(answer["sentences"])

    await world.eventually(told)


async def test_a_plugins_own_line_is_shown_as_it_stands(world: Telephone) -> None:
    await world.register()
    world.carrier.phones[CUSTOMER] = BUSY
    call = await world.ended((await world.dial())["id"])
    async with world.exchange.database.write() as conn:
        await timeline.append(conn, call["id"], "lead-scored", {"score": 7, "to": CUSTOMER}, now())
    told = (await world.api.get(f"/api/calls/{call['id']}/explanation")).json()
    assert "lead-scored: score 7, to +1415***0123." in [one["text"] for one in told["sentences"]]


async def test_the_command_says_it_in_lines_and_in_json(world: Telephone) -> None:
    await world.register()
    world.carrier.phones[CUSTOMER] = BUSY
    call = await world.ended((await world.dial())["id"])
    env = {"LINECARD_PUBLIC_URL": world.exchange.settings.public_url, "LINECARD_API_KEY": KEY}
    said = await linecard("explain", call["id"], env=env, cwd=Path("/"))
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("+1415***0100 called +1415***0123 for the agent echo; the line was")
    assert "\nThe call\n" in said.out
    told = await linecard("explain", call["id"], "--json", env=env, cwd=Path("/"))
    shown = (await world.api.get(f"/api/calls/{call['id']}/explanation")).json()
    assert json.loads(told.out) == shown
    nobody = await linecard("explain", "no/body", env=env, cwd=Path("/"))
    assert (nobody.code, nobody.out) == (1, "")
    assert nobody.err.startswith("linecard: 404: ")
