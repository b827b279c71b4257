"""Audio, marks and clears in any order: what is heard, and how each mark ends."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tests.core.media.lines import FRAME, Line, profile

from linecard.media.marks import MarkEnd, Marks


class Speaking(RuleBasedStateMachine):
    """An agent that talks, marks and clears, and a carrier that answers as it likes."""

    def __init__(self) -> None:
        super().__init__()
        self.line = Line(profile(lead_ms=60))
        self.era = 0
        self.marked = 0

    @rule(frames=st.integers(1, 8), rest=st.integers(0, FRAME // 2 - 1))
    def speak(self, frames: int, rest: int) -> None:
        self.line.session.queue(self._stamp() * (frames * FRAME // 2 + rest))

    @rule()
    def mark(self) -> None:
        self.marked += 1
        self.line.mark(f"{self.era}/{self.marked}")

    @rule()
    def clear(self) -> None:
        before = len(self.line.ends)
        self.era += 1
        self.line.session.clear()
        assert {end for _, end in self.line.ends[before:]} <= {MarkEnd.CLEARED}
        assert len(self.line.ends) == self.marked

    @rule(ticks=st.integers(1, 30))
    def wait(self, ticks: int) -> None:
        self.line.run(ticks * 0.02)

    @precondition(lambda self: self.line.wires())
    @rule(data=st.data())
    def carrier_answers(self, data: st.DataObject) -> None:
        wire = data.draw(st.sampled_from(self.line.wires()))
        before = len(self.line.ends)
        self.line.answer(wire)
        for name, end in self.line.ends[before:]:
            assert end is MarkEnd.HEARD
            assert name.startswith(f"{self.era}/")

    @invariant()
    def nothing_older_than_a_clear_is_sent_after_it(self) -> None:
        frames, era = iter(self.line.frames()), 0
        for _, said in self.line.sent:
            era += said[0] == "clear"
            if said[0] == "play":
                assert set(next(frames)[1::2]) <= {0, era % 255 + 1}
        assert era == self.era

    @invariant()
    def every_mark_ends_at_most_once(self) -> None:
        names = [name for name, _ in self.line.ends]
        assert len(names) == len(set(names)) <= self.marked

    def teardown(self) -> None:
        self.line.run(10)
        assert len(self.line.ends) == self.marked
        assert not self.line.session._out._marks

    def _stamp(self) -> bytes:
        return bytes((0, self.era % 255 + 1))


Speaking.TestCase.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
TestSpeaking = Speaking.TestCase


def test_a_mark_that_was_not_sent_cannot_be_heard() -> None:
    marks = Marks()
    ends: list[MarkEnd] = []
    mark = marks.add(10.0, ends.append)
    assert not marks.reported(mark.wire)
    mark.is_sent = True
    assert marks.reported(mark.wire)
    assert not marks.reported(mark.wire)
    assert ends == [MarkEnd.HEARD]


def test_a_listener_that_clears_ends_the_later_marks_once() -> None:
    marks = Marks()
    ends: list[MarkEnd] = []

    def first(end: MarkEnd) -> None:
        ends.append(end)
        marks.end_all(MarkEnd.CLEARED)

    earlier, later = marks.add(10.0, first), marks.add(10.0, ends.append)
    earlier.is_sent = later.is_sent = True
    assert marks.reported(later.wire)
    assert ends == [MarkEnd.HEARD, MarkEnd.CLEARED]
    assert not marks


def test_the_clock_ends_marks_in_their_order() -> None:
    marks = Marks()
    ends: list[tuple[str, MarkEnd]] = []
    by_clock = marks.add(10.0, lambda end: ends.append(("clock", end)))
    by_clock.heard_at = 5.0
    marks.add(6.0, lambda end: ends.append(("late", end)))
    assert marks.tick(4.9) == 0
    assert marks.tick(5.0) == 0
    assert marks.tick(6.0) == 1
    assert ends == [("clock", MarkEnd.HEARD), ("late", MarkEnd.UNKNOWN)]
