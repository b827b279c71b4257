from __future__ import annotations

import time
from array import array
from dataclasses import dataclass, field

from tests.core.media.lines import FRAME, PCMU, Line, media, profile


@dataclass
class Cleaner:
    """An enhancer that inverts the sound, until it breaks."""

    breaks_at: int = 10**9
    seen: list[bytes] = field(default_factory=list)
    closed: int = 0
    delay_ms: float = 12.34

    def process(self, frame: bytes) -> bytes:
        self.seen.append(frame)
        if len(self.seen) >= self.breaks_at:
            raise RuntimeError("no licence")
        return bytes(255 - byte for byte in frame)

    def close(self) -> None:
        self.closed += 1


TOLD = ("enhanced", {"by": "cleaner", "delay_ms": 12.3, "started_in_ms": 1.2})
LOUD, SOFT = 4000, 100


def square(level: int, samples: int = 160) -> bytes:
    """A tone as L16, of that level."""
    return array("h", [level, -level] * (samples // 2)).tobytes()


@dataclass
class Muffler(Cleaner):
    """Makes whatever it hears silent."""

    def process(self, frame: bytes) -> bytes:
        return bytes(len(frame))


@dataclass
class Booster(Cleaner):
    """Makes whatever it hears loud."""

    def process(self, frame: bytes) -> bytes:
        return square(LOUD, len(frame) // 2)


def test_an_enhancer_sees_pcm_and_the_agent_hears_what_it_makes() -> None:
    cleaner = Cleaner()
    line = Line(profile(PCMU), enhancer=cleaner)
    line.session.receive(media(b"\xff" * 160))
    assert cleaner.seen == [bytes(FRAME)]
    assert bytes(line.ear.audio) == b"\xff" * FRAME
    assert bytes(line.ear.original) == bytes(FRAME)
    assert line.ear.facts == [TOLD]
    line.session.lost("gone")
    assert cleaner.closed == 1


def test_an_enhancer_stands_before_the_agents_own_rate() -> None:
    cleaner = Cleaner()
    line = Line(profile(PCMU), rate=16000, enhancer=cleaner)
    for _ in range(3):
        line.session.receive(media(b"\xff" * 160))
    assert [len(frame) for frame in cleaner.seen] == [FRAME] * 3
    assert len(line.ear.audio) == len(line.ear.original) == 3 * 2 * FRAME
    assert set(line.ear.original) == {0}
    line.session.retune(8000)
    line.session.receive(media(b"\xff" * 160))
    assert len(line.ear.audio) == 7 * FRAME
    assert len(cleaner.seen[-1]) == FRAME


def test_an_enhancer_that_fails_is_out_of_the_way_and_said_so() -> None:
    cleaner = Cleaner(breaks_at=2)
    line = Line(enhancer=cleaner)
    for _ in range(4):
        line.session.receive(media(b"\1\1"))
    assert bytes(line.ear.audio) == b"\xfe\xfe" + b"\1\1" * 3
    assert line.ear.facts == [TOLD, ("enhancer-failed", {"by": "cleaner", "reason": "no licence"})]
    assert cleaner.closed == 1
    line.session.close("over")
    assert cleaner.closed == 1


def test_an_enhancer_that_loses_sound_is_out_of_the_way() -> None:
    @dataclass
    class Loser(Cleaner):
        def process(self, frame: bytes) -> bytes:
            return frame[2:]

    line = Line(enhancer=Loser())
    line.session.receive(media(b"\1\1" * 4))
    assert bytes(line.ear.audio) == b"\1\1" * 4
    assert [name for name, _ in line.ear.facts] == ["enhancer-failed"]


def test_an_enhancer_that_comes_too_late_is_closed_and_not_told_of() -> None:
    cleaner, line = Cleaner(), Line()
    line.session.close("over")
    line.session.enhance("cleaner", cleaner, 1.0)
    line.session.not_enhanced("cleaner", "no licence")
    assert cleaner.closed == 1
    assert line.ear.facts == []


def test_an_enhancer_that_takes_too_much_of_a_core_is_out_of_the_way() -> None:
    @dataclass
    class Hog(Cleaner):
        def process(self, frame: bytes) -> bytes:
            began = time.thread_time()
            while time.thread_time() < began + 0.012:
                pass
            return frame

    line = Line(enhancer=Hog())
    for _ in range(100):
        line.session.receive(media(bytes(FRAME)))
    name, facts = line.ear.facts[-1]
    assert (name, facts["by"]) == ("enhancer-failed", "cleaner")
    assert "it takes 12 ms for each 20 ms of sound" in str(facts["reason"])


def test_silence_is_judged_by_the_sound_as_it_came() -> None:
    muffled = Line(enhancer=Muffler())
    for _ in range(300):
        muffled.session.receive(media(square(LOUD)))
    assert muffled.ear.silences == []
    boosted = Line(enhancer=Booster())
    for _ in range(300):
        boosted.session.receive(media(square(SOFT)))
    assert boosted.ear.silences == [5]


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
