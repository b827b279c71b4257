"""A small report in which everything from outside is hostile."""

from __future__ import annotations

import pytest

from linecard.demo.report import Check, Exchanged, Measure, Recorded, Report, Sound, Talk
from linecard.demo.story import Mark, Marked, Moment, Phase, Tone, Who

HOSTILE = "</script><script>alert('x')</script><img src=x onerror=alert(1)>\"'"


@pytest.fixture
def hostile() -> str:
    """Text as somebody would send it who means ill."""
    return HOSTILE


@pytest.fixture
def report() -> Report:
    """A call whose caller name, metadata and digits are hostile."""
    tone = b"\x10\x20" * 8000
    return Report(
        file="call",
        title=f"Call from {HOSTILE}",
        subtitle=HOSTILE,
        facts=[("caller name", HOSTILE), (HOSTILE, '{"name": "' + HOSTILE + '"}')],
        moments=[
            Moment(0.0, Who.LINECARD, Who.CARRIER, f"calls {HOSTILE}", Tone.REQUEST),
            Moment(0.5, Who.CUSTOMER, Who.AGENT, f"presses {HOSTILE}", Tone.MEDIA),
            Moment(0.9, Who.CARRIER, Who.CARRIER, HOSTILE, Tone.NOTE),
        ],
        marks=[Marked(0.5, Mark.DIGIT, HOSTILE), Marked(0.6, Mark.BARGE_IN, "barge-in")],
        phases=[Phase(0.0, 0.4, HOSTILE), Phase(0.4, 1.0, "talking")],
        talk=[Talk(Who.CUSTOMER, 0.5, 0.8)],
        recorded=Recorded(0.1, 8000, tone),
        sound=Sound(0.2, 8000, tone, tone[::-1]),
        measures=[Measure(HOSTILE, 1.25, HOSTILE)],
        checks=[Check("it rang", True, "once"), Check(HOSTILE, False, HOSTILE)],
        exchanges=[
            Exchanged(
                at=0.1,
                source=Who.CARRIER,
                target=Who.LINECARD,
                title=HOSTILE,
                method="POST",
                url=f"http://127.0.0.1/{HOSTILE}",
                status=200,
                ms=1.5,
                fields=(("CallerName", HOSTILE), (HOSTILE, "1")),
                got=f"<Response><Say>{HOSTILE}</Say></Response>",
            ),
            Exchanged(
                at=0.2,
                source=Who.LINECARD,
                target=Who.CARRIER,
                title="none",
                method="POST",
                url="http://127.0.0.1/",
                status=None,
                sent='{"a": "</script>"}',
            ),
        ],
    )
