"""Where a text names a number, and where it only looks like it."""

from __future__ import annotations

import pytest

from linecard.mentions import Mention

PERSON = Mention("+14155550123")
LONDON = Mention("+442079460000")
SHORT = Mention("+2903123")


@pytest.mark.parametrize(
    "text",
    [
        "+14155550123",
        "14155550123",
        "0014155550123",
        "04155550123",
        "4155550123",
        "tel:+14155550123;x=1",
        "%2B14155550123",
        "sip:+14155550123@h",
        '{"to":"+14155550123"}',
    ],
)
def test_a_number_is_found_and_hidden(text: str) -> None:
    assert PERSON.stands_in(text)
    assert PERSON.needle in text
    assert PERSON.needle not in PERSON.hidden(text)
    assert PERSON.hidden(PERSON.hidden(text)) == PERSON.hidden(text)


@pytest.mark.parametrize(
    "text", ["+141555501234", "914155550123", "+14155550124", "41555501230", "+1 415 555 0123", ""]
)
def test_other_numbers_are_left_alone(text: str) -> None:
    assert not PERSON.stands_in(text)
    assert PERSON.hidden(text) == text


def test_a_few_digits_alone_name_nobody() -> None:
    assert SHORT.stands_in("+2903123")
    assert SHORT.stands_in("03123")
    assert not SHORT.stands_in("order 3123")


def test_values_of_json_keep_their_shape() -> None:
    value = {"a": [14155550123, 1.5, True, None, ("+14155550123", "x")], "+14155550123": {"b": 2}}
    hidden = {"a": ["forgotten", 1.5, True, None, ("forgotten", "x")], "forgotten": {"b": 2}}
    assert PERSON.hidden(value) == hidden
    assert LONDON.hidden("02079460000") == "forgotten"


@pytest.mark.parametrize("value", [(), ("+1415*",), [{}, ("+14155550124",)], {"a": ({"b": 1},)}])
def test_values_that_name_nobody_do_not_stand_for_him(value: object) -> None:
    assert not PERSON.stands_in(value)
    assert PERSON.hidden(value) == value
