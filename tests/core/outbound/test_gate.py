from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import PhoneNumberType

from linecard import GateRefused, InvalidField
from linecard.numbers import Cleared
from linecard.outbound.gate import COSTLY, Gate

GATE = Gate(frozenset({"US", "IN"}), ("+1415*", "+919812345678", "sip:*@cc.example.com"))


@pytest.mark.parametrize("number", ["+14155550100", "+919812345678", "+18005550100"])
def test_ordinary_numbers_of_allowed_countries_pass(number: str) -> None:
    assert GATE.clear_call(number).address == number


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        ("+19005551234", "premium"),
        ("+18765551234", "JM"),
        ("+442079460000", "GB"),
        ("+979123456789", "satellite"),
        ("+15551234567", "not a number that exists"),
    ],
)
def test_what_may_never_be_dialled(number: str, reason: str) -> None:
    with pytest.raises(GateRefused, match=reason):
        GATE.clear_call(number)


@pytest.mark.parametrize(
    "text",
    [
        "911",
        "+911",
        "112",
        "+1911",
        "4155550100",
        "+1 415 555 0100",
        "0014155550100",
        "",
        "+",
        "+1٤155550100",
        "+14155550100;ext=2",
        "sip:a@b",
        "+14155550100\x00",
    ],
)
def test_whatever_is_not_plain_e164_is_a_field_error(text: str) -> None:
    with pytest.raises(InvalidField):
        GATE.clear_call(text)


@given(st.text())
def test_no_text_makes_the_gate_fail_otherwise(text: str) -> None:
    try:
        cleared = GATE.clear_call(text)
    except (GateRefused, InvalidField):
        return
    assert cleared.address == text


def test_no_costly_example_number_of_any_country_passes() -> None:
    countries = frozenset(phonenumbers.SUPPORTED_REGIONS)
    everywhere = Gate(countries, ())
    tried = 0
    for region in countries:
        for kind in COSTLY:
            example = phonenumbers.example_number_for_type(region, kind)
            if example is None or kind == PhoneNumberType.UNKNOWN:
                continue
            tried += 1
            number = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
            with pytest.raises(GateRefused):
                everywhere.clear_call(number)
    assert tried > 200


@pytest.mark.parametrize("target", ["+14155550123", "+919812345678", "sip:anna@cc.example.com"])
def test_transfer_targets_on_the_allow_list_pass(target: str) -> None:
    assert GATE.clear_target(target, own=()).address == target


@pytest.mark.parametrize("target", ["+12125550123", "sip:anna@evil.example.com", "+91981234567"])
def test_other_transfer_targets_are_refused(target: str) -> None:
    with pytest.raises(GateRefused, match="allow list"):
        GATE.clear_target(target, own=())


def test_a_call_is_not_transferred_to_itself() -> None:
    with pytest.raises(GateRefused, match="own numbers"):
        GATE.clear_target("+14155550123", own=("+14155550123",))


def test_the_allow_list_does_not_open_other_countries() -> None:
    gate = Gate(frozenset({"US"}), ("+44*",))
    with pytest.raises(GateRefused, match="GB"):
        gate.clear_target("+442079460000", own=())


def test_only_the_gate_makes_cleared_addresses() -> None:
    with pytest.raises(TypeError):
        Cleared("+14155550100", object())


def test_a_cleared_address_prints_masked() -> None:
    assert "5550100" not in repr(GATE.clear_call("+14155550100"))


@pytest.mark.parametrize(
    "target",
    [
        "sip:a@evil.com@cc.example.com",
        "sip:a@evil.com;x=1@cc.example.com",
        "sip:a@evil.com?X=y@cc.example.com",
        "sip:<a>@cc.example.com",
        "sip:x\n@cc.example.com",
        "sip:@cc.example.com",
    ],
)
def test_no_second_host_rides_on_a_sip_pattern(target: str) -> None:
    with pytest.raises(InvalidField):
        GATE.clear_target(target, own=())
