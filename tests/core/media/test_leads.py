from __future__ import annotations

from linecard.media.leads import Lead


def test_two_underruns_within_ten_seconds_double_the_lead() -> None:
    lead = Lead(0.4)
    assert not lead.underrun(0.0)
    assert lead.underrun(9.0)
    assert lead.seconds == 0.8


def test_one_now_and_then_changes_nothing() -> None:
    lead = Lead(0.4)
    assert not any(lead.underrun(at) for at in (0.0, 11.0, 22.0, 33.0))
    assert lead.seconds == 0.4


def test_the_lead_has_an_upper_end() -> None:
    lead = Lead(0.4)
    grown = [lead.underrun(float(at)) for at in range(8)]
    assert grown == [False, True, False, True, False, False, False, False]
    assert lead.seconds == 1.2
