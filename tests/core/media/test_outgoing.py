"""How far ahead of the carrier audio is sent, to the sample: the clock is moved by hand."""

from __future__ import annotations

import random

from tests.core.media.lines import FRAME, START, Line, profile

from linecard import ChunkRule


def test_no_more_than_the_lead_is_ever_ahead() -> None:
    line = Line(profile(lead_ms=200))
    line.session.queue(bytes(FRAME * 100))
    assert len(line.frames()) == 10
    line.run(3)
    assert len(line.frames()) == 100
    for number, (at, _) in enumerate(line.sent):
        assert at + 0.2 >= START + 0.02 * (number + 1) - 1e-6
        assert at <= START + 0.02 * number
    assert line.session.counters.underruns == 0


def test_how_long_the_first_audio_took_is_kept() -> None:
    line = Line(profile())
    assert line.session.counters.first_audio_ms is None
    line.run(0.5)
    line.session.queue(bytes(FRAME))
    line.run(0.5)
    line.session.queue(bytes(FRAME))
    assert line.session.counters.first_audio_ms == 500


def test_large_chunks_keep_to_the_lead_too() -> None:
    line = Line(profile(lead_ms=400, chunk=ChunkRule(320, 3200, 100_000)))
    line.session.queue(bytes(3200 * 20))
    assert len(line.frames()) == 2
    line.run(0.2)
    assert len(line.frames()) == 3
    line.run(4)
    assert len(line.frames()) == 20
    assert line.session.counters.underruns == 0


def test_a_chunk_longer_than_the_lead_is_sent_when_the_carrier_is_dry() -> None:
    line = Line(profile(lead_ms=100, chunk=ChunkRule(320, 3200, 100_000)))
    line.session.queue(bytes(3200 * 3))
    line.run(1)
    assert len(line.frames()) == 3


def test_an_hour_does_not_drift() -> None:
    line = Line(profile(lead_ms=100))
    for _ in range(3600):
        line.session.queue(bytes(FRAME * 50))
        line.clock.moment += 1.0
        for _ in range(9):
            line.session.tick(line.clock.now())
    line.run(40)
    last, _ = line.sent[-1]
    total = 3600 - line.session.counters.unsent_ms["queue full"] / 1000
    assert len(line.frames()) == round(total * 50)
    assert last <= START + 3640


def test_ticks_that_come_late_bring_no_burst_beyond_the_lead() -> None:
    line, chance = Line(profile(lead_ms=200)), random.Random(7)
    line.session.queue(bytes(FRAME * 500))
    while len(line.frames()) < 500:
        line.clock.moment += chance.choice([0.001, 0.02, 0.05, 0.15])
        line.session.tick(line.clock.now())
        now = line.clock.now()
        assert (len(line.frames()) - 10) * 0.02 <= now - START + 1e-6
    assert line.session.counters.underruns == 0


def test_a_late_tick_within_speech_is_an_underrun_and_two_raise_the_lead() -> None:
    line = Line(profile(lead_ms=200))
    line.session.queue(bytes(FRAME * 400))
    for _ in range(2):
        line.clock.moment += 0.3
        line.session.tick(line.clock.now())
    assert line.session.counters.underruns == 2
    assert line.ear.facts == [("lead-raised", {"ms": 400})]
    before = len(line.frames())
    line.clock.moment += 0.4
    line.session.tick(line.clock.now())
    assert len(line.frames()) - before == 20


def test_an_agent_that_comes_late_is_starved_and_not_our_underrun() -> None:
    line = Line()
    line.session.queue(bytes(FRAME))
    line.run(0.2)
    line.session.queue(bytes(FRAME))
    assert line.session.counters.starved == 1
    assert line.session.counters.underruns == 0


def test_a_pause_that_was_meant_is_neither() -> None:
    line = Line()
    line.session.queue(bytes(FRAME))
    line.run(5)
    line.session.queue(bytes(FRAME))
    line.session.flush()
    line.run(0.1)
    line.session.queue(bytes(FRAME))
    line.session.clear()
    line.run(0.1)
    line.session.queue(bytes(FRAME))
    assert (line.session.counters.starved, line.session.counters.underruns) == (0, 0)


def test_an_echo_at_the_lines_own_pace_waits_for_no_tick() -> None:
    line = Line()
    for number in range(500):
        line.session.queue(number.to_bytes(2, "little") * 160)
        assert len(line.frames()) == number + 1
        line.clock.moment += 0.02
    assert line.session.counters.queue_peak_ms <= 20
