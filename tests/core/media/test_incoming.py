from __future__ import annotations

from dataclasses import dataclass, field

from tests.core.media.lines import FRAME, PCMU, Line, media, profile


@dataclass
class Cleaner:
    """An enhancer that inverts the sound, until it breaks."""

    breaks_at: int = 10**9
    seen: list[bytes] = field(default_factory=list)
    closed: int = 0
    delay_ms: float = 0.0

    def process(self, frame: bytes) -> bytes:
        self.seen.append(frame)
        if len(self.seen) >= self.breaks_at:
            raise RuntimeError("no licence")
        return bytes(255 - byte for byte in frame)

    def close(self) -> None:
        self.closed += 1


def test_an_enhancer_sees_pcm_and_the_agent_hears_what_it_makes() -> None:
    cleaner = Cleaner()
    line = Line(profile(PCMU), enhancer=cleaner)
    line.session.receive(media(b"\xff" * 160))
    assert cleaner.seen == [bytes(FRAME)]
    assert bytes(line.ear.audio) == b"\xff" * FRAME
    line.session.lost("gone")
    assert cleaner.closed == 1


def test_an_enhancer_that_fails_is_out_of_the_way_and_said_so() -> None:
    cleaner = Cleaner(breaks_at=2)
    line = Line(enhancer=cleaner)
    for _ in range(4):
        line.session.receive(media(b"\1\1"))
    assert bytes(line.ear.audio) == b"\xfe\xfe" + b"\1\1" * 3
    assert line.ear.facts == [("enhancer-failed", {"reason": "no licence"})]
    assert cleaner.closed == 1
    line.session.close("over")
    assert cleaner.closed == 1


def test_gaps_and_disorder_are_counted_and_lose_nothing() -> None:
    line = Line()
    for sequence in (1, 2, 5, 4, 6, 6, 10):
        line.session.receive(media(bytes((sequence, 0)), sequence))
    assert line.session.counters.gaps == 5
    assert line.session.counters.out_of_order == 2
    assert bytes(line.ear.audio)[::2] == bytes((1, 2, 5, 4, 6, 6, 10))


def test_the_first_and_the_last_frame_have_their_times() -> None:
    line = Line()
    line.session.receive(media(b"\0\0"))
    line.clock.moment += 3
    line.session.receive(media(b"\0\0"))
    assert line.session.counters.first_in == 100.0
    assert line.session.counters.last_in == 103.0


def test_a_flood_of_digits_is_cut_off_and_counted() -> None:
    line = Line()
    for _ in range(10_000):
        line.session.receive('["digit", "5"]')
    line.clock.moment += 1
    line.session.receive('["digit", "6"]')
    assert len(line.ear.digits) == 101
    assert line.session.counters.dropped == {"too many digits": 9_900}
