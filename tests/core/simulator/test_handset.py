"""One call at a phone, and the book of phones."""

from __future__ import annotations

import pytest

from linecard.simulator.handset import Handset, PhoneBook, plain
from linecard.simulator.phone import (
    BUSY,
    NO_ANSWER,
    SILENT,
    Phone,
    cut_short,
)
from linecard.simulator.script import (
    Speak,
    Step,
    Wait,
)
from linecard.simulator.sound import FRAME_BYTES, SILENCE

LOUD = b"\x00\x20" * 160


def at(*script: Step, **more: object) -> Handset:
    return Handset("+1", Phone(script=script, **more))  # type: ignore[arg-type]


def run(handset: Handset, heard: list[bytes]) -> list[object]:
    """The digits and hang-ups of as many frames as are heard."""
    seen: list[object] = []
    for frame in heard:
        act = handset.speak()
        seen.append("hangs up" if act.hangs_up else act.digit)
        handset.hear(frame)
    return seen


def test_said_and_heard_are_kept_to_the_sample() -> None:
    handset = at(Wait(0.04), Speak(LOUD + LOUD[:100]))
    run(handset, [LOUD, SILENCE, LOUD, SILENCE, SILENCE])
    assert bytes(handset.heard) == LOUD + SILENCE + LOUD + SILENCE + SILENCE
    assert bytes(handset.said[: 2 * FRAME_BYTES]) == SILENCE * 2
    assert bytes(handset.said[2 * FRAME_BYTES :]).startswith(LOUD + LOUD[:100])
    assert handset.position == len(handset.heard) // 2


def test_a_phone_hangs_up_after_its_script_or_after_a_time() -> None:
    assert run(at(Wait(0.04), hangs_up=True), [SILENCE] * 3)[2] == "hangs up"
    short = Handset("+1", cut_short(SILENT, 0.06))
    assert run(short, [SILENCE] * 4) == [None, None, None, "hangs up"]


def test_numbers_are_one_however_they_are_written() -> None:
    assert plain("+1 415") == plain("1415")
    assert plain("sip:+1@x") == "sip:+1@x"


def test_the_book_gives_a_phone_for_each_call() -> None:
    book = PhoneBook()
    book["+1"] = [BUSY, NO_ANSWER]
    assert [book.call("1").phone for _ in range(3)] == [BUSY, NO_ANSWER, NO_ANSWER]
    assert len(book.handsets("+1")) == 3
    assert book.call("+2").phone is book.default
    assert book["+1"] is NO_ANSWER
    with pytest.raises(ValueError, match=r"\+3"):
        book["+3"] = []
