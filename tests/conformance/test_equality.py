"""What the kit takes for the same must be the same, and no more."""

from __future__ import annotations

from random import Random

import pytest

from linecard import Kind
from linecard.testing import Sample
from linecard.testing.equality import without_port
from linecard.testing.hearing import pieces_heard
from linecard.testing.readers import Document
from linecard.testing.rewriting import another_call
from linecard.webhook import Callback

URL = "https://h.example/x?a=1&t=proof"


@pytest.mark.parametrize(
    ("held", "fits"),
    [
        (URL, True),
        (f"{URL}#rc=1", True),
        (f"{URL}&of=dial&n=1", True),
        (f"{URL}&of=dial&n=1#rc=1", True),
        (f"{URL}&t=other", False),
        (f"{URL}&of=dial&a=2", False),
        (f"{URL}&", False),
        (f"{URL}x&of=dial", False),
        (URL.removesuffix("f"), False),
    ],
)
def test_the_address_of_a_leg_may_be_longer_by_fields_that_are_not_ours(
    held: str, fits: bool
) -> None:
    assert Document((held,)).holds_leg_address(URL) is fits


@pytest.mark.parametrize(
    ("number", "held", "fits"),
    [
        ("+918047113155", "08047113155", True),
        ("+918047113155", "+91 80471 13155", True),
        ("+918047113155", "8047113155", False),
        ("+14155550123", "14155550123", True),
        ("+14155550123", "4155550123", False),
        ("+14155550123", "04155550123", False),
    ],
)
def test_a_national_number_counts_only_with_its_zero(number: str, held: str, fits: bool) -> None:
    assert Document((held,)).holds_number(number) is fits


def test_an_address_without_its_port() -> None:
    assert without_port("https://h.example:8443/x?y") == "https://h.example/x?y"
    assert without_port("https://h.example/x") == "https://h.example/x"
    assert without_port("https://h.example:none/x") == "https://h.example:none/x"


def test_another_calls_request_has_other_ids_wherever_they_stand() -> None:
    sample = Sample(
        kind=Kind.RECORDING,
        form={"Call": "call-10", "Url": "https://h/rec-20.wav"},
        owned=("rec-20",),
    )
    other = another_call(sample, Callback(events=(), call_ids={"call": "call-10"}))
    assert other is not None
    assert other.form == {"Call": "call-11", "Url": "https://h/rec-21.wav"}


def test_silence_within_what_is_heard_is_forgiven_and_lost_sound_is_not() -> None:
    said = Random(1).randbytes(16_000)
    found, of = pieces_heard(said, said)
    assert found == of > 0
    assert pieces_heard(said, said[:1920] + bytes(640) + said[1920:]) == (of, of)
    assert pieces_heard(said, said[:8_000])[0] < of
    assert pieces_heard(said, bytes(16_000))[0] == 0
