"""Consent holds whatever is asked in whatever order, of two servers over one database: walks by chance."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree.ElementTree import Element

import pytest

from linecard.exchange.consenting import HEARD, KEY, NO_KEY
from linecard.webhook import Kind
from tests.calls.signed import Line, Plivo, answer_form, document, tail_form
from tests.calls.telephone import names, telephone

CONSENT = {"say": "Press 1 if we may record this call.", "accept_key": "1", "on_refusal": "go-on"}
STEPS = (
    (Kind.ANSWER, "", ""),
    *[(Kind.GATHERED, KEY, "1")] * 4,
    (Kind.GATHERED, KEY, "2"),
    (Kind.GATHERED, KEY, ""),
    (Kind.GATHERED, NO_KEY, ""),
    (Kind.GATHERED, HEARD, ""),
    (Kind.GATHERED, HEARD, "1"),
    (Kind.NEXT, "a", ""),
    (Kind.NEXT, "b", ""),
)
YES = (Kind.GATHERED, KEY, "1")
SAYS = frozenset({KEY, NO_KEY, HEARD})
WALKS = range(20)


@pytest.fixture
async def servers(tmp_path: Path) -> AsyncIterator[tuple[Plivo, Plivo]]:
    many = {"max_calls_per_number_per_day": "1000"}
    async with telephone(tmp_path, **many) as first:
        await first.register(channels=1000, record=True, consent=CONSENT)
        async with telephone(tmp_path, **many) as second:
            yield Plivo.of(first), Plivo.of(second)


@dataclass
class Walk:
    """One call, asked about by chance; what was said first stands."""

    line: Line
    dice: random.Random
    verdict: str | None = None
    seen: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    async def step(self, servers: tuple[Plivo, Plivo]) -> None:
        step = kind, reference, digits = self.dice.choice(STEPS)
        made = await self.ask(self.dice.choice(servers), kind, reference, digits)
        if reference in SAYS and self.verdict is None:
            self.verdict = "given" if step == YES else "refused"
        tags = [child.tag for child in made]
        assert self.seen.setdefault((kind, reference), tags) == tags
        if "Record" in tags:
            assert self.verdict == "given", (step, tags)
            assert tags.index("Record") < tags.index("Stream")
        assert (kind is Kind.ANSWER) == ("GetDigits" in tags), (step, tags)

    async def ask(self, plivo: Plivo, kind: Kind, reference: str, digits: str) -> Element:
        carrier_id = self.line.carrier_id
        if kind is Kind.ANSWER:
            return await document(plivo, plivo.address(kind), answer_form(CallUUID=carrier_id))
        url = plivo.address(kind, self.line.call_id, reference)
        extra = {"Digits": digits} if digits else {}
        return await document(plivo, url, tail_form(carrier_id, **extra))


@pytest.mark.slow
async def test_nothing_records_before_a_yes_and_nobody_is_asked_twice(
    servers: tuple[Plivo, Plivo],
) -> None:
    verdicts = set()
    for seed in WALKS:
        walk = Walk(await Line.ring(servers[0]), random.Random(seed))
        for _ in range(walk.dice.randint(1, 7)):
            await walk.step(servers)
        call = await walk.line.call()
        assert names(call).count("consent-asked") == 1
        assert call["consent"] == (walk.verdict or "asked")
        verdicts.add(walk.verdict)
        await walk.line.hang_up()
    assert verdicts >= {"given", "refused"}
