"""What is counted of a campaign, and the picture of it."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from lxml import etree

from linecard_campaigns.plotting import plot
from linecard_campaigns.reports import AttemptRow, Funnel, LeadRow, OfCarrier, OfHour, OfTry, report

AT = datetime(2026, 12, 1, 9, 30, tzinfo=UTC)
ACME, BELL = ("acme", "main"), ("bell", "main")
LEADS = [
    LeadRow("a", "finished", "sold"),
    LeadRow("b", "retry", "machine"),
    LeadRow("c", "failed", "no-answer"),
    LeadRow("d", "queued"),
]


def attempt(lead: str, n: int, hours: int = 0, **facts: object) -> AttemptRow:
    known: dict[str, object] = {"account": ACME, "created_at": AT + timedelta(hours=hours), **facts}
    return AttemptRow(lead=lead, n=n, **known)  # type: ignore[arg-type]


ATTEMPTS = [
    attempt("a", 1, result="busy", outcome="busy"),
    attempt(
        "a",
        2,
        1,
        result="completed",
        outcome="sold",
        answered=True,
        duration=90,
        cost=Decimal("0.02"),
    ),
    attempt(
        "b", 1, result="completed", outcome="machine", answered=True, duration=12, account=BELL
    ),
    attempt(
        "c", 1, 2, result="no-answer", outcome="no-answer", account=BELL, cost=Decimal("0.001")
    ),
    attempt("c", 2, 3),
]


def test_a_small_campaign() -> None:
    found = report(LEADS, ATTEMPTS)
    assert found.funnel == Funnel(leads=4, called=3, answered=2, reached=1, finished=1)
    assert found.statuses == {"failed": 1, "finished": 1, "queued": 1, "retry": 1}
    assert found.outcomes == {"machine": 1, "no-answer": 1, "sold": 1}
    assert found.results == {"completed": 2, "busy": 1, "no-answer": 1, "open": 1}
    assert (found.attempts, found.seconds, found.minutes, found.cost) == (
        5,
        102,
        1.7,
        Decimal("0.021"),
    )
    assert found.carriers == (
        OfCarrier("acme", "main", 3, 1, 90, Decimal("0.02"), unpriced=0),
        OfCarrier("bell", "main", 2, 1, 12, Decimal("0.001"), unpriced=1),
    )
    assert found.tries == (OfTry(1, 3, 1), OfTry(2, 2, 1))
    assert found.hours[0] == OfHour(AT.replace(minute=0), 2, 1)


def test_nothing_yet() -> None:
    found = report([], [])
    assert found.funnel == Funnel(0, 0, 0, 0, 0)
    assert (found.minutes, found.cost, found.hours) == (0.0, Decimal(0), ())
    etree.fromstring(plot("empty", found).encode())


def test_counts_add_up_whatever_happened() -> None:
    chance = random.Random(9)
    statuses = ("queued", "dialing", "retry", "unknown", "finished", "failed", "canceled")
    leads = [LeadRow(str(n), chance.choice(statuses)) for n in range(300)]
    attempts = [
        attempt(
            str(chance.randrange(330)),
            chance.randrange(1, 5),
            chance.randrange(300),
            account=chance.choice((ACME, BELL)),
            answered=chance.random() < 0.4,
            outcome=chance.choice(("machine", "completed", None)),
            cost=chance.choice((None, Decimal("0.0051"))),
            duration=chance.choice((None, 0, 61)),
        )
        for _ in range(2000)
    ]
    found = report(leads, attempts)
    assert sum(found.statuses.values()) == found.funnel.leads == 300
    for part in (found.carriers, found.tries, found.hours):
        assert sum(one.attempts for one in part) == found.attempts == 2000
        assert sum(one.answered for one in part) == sum(one.answered for one in attempts)
    assert sum(found.results.values()) == 2000
    assert sum(one.cost for one in found.carriers) == found.cost
    assert sum(one.seconds for one in found.carriers) == found.seconds
    funnel = found.funnel
    steps = (funnel.leads, funnel.called, funnel.answered, funnel.reached, funnel.finished)
    assert all(one >= other for one, other in pairwise(steps))


def test_the_picture_is_sound_whatever_the_campaign_is_called() -> None:
    for name in ("Spring", '<script>alert(1)</script> & "more" \x00\ud800￾ ñ', ""):
        drawn = plot(name, report(LEADS, ATTEMPTS))
        tree = etree.fromstring(drawn.encode())
        tags = {etree.QName(element).localname for element in tree.iter()}
        assert tags == {"svg", "g", "text", "rect"}
        texts = [element.text or "" for element in tree.iter() if element.text]
        assert any("5 attempts, 1.7 minutes, 0.02 USD" in text for text in texts)
        assert all(float(box.get("width", "-1")) >= 0 for box in tree.iter("{*}rect"))
