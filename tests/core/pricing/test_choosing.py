"""Which price counts."""

from __future__ import annotations

import pytest

from linecard import Charge, InvalidField, RateLine
from linecard.pricing.choosing import choose, read_destination

TO = "+919812345678"


def line(usd: str, prefix: str = "", what: Charge = Charge.CALL, source: str = "API") -> RateLine:
    return RateLine(what=what, prefix=prefix, usd=usd, source=source)


def chosen(
    provider: list[RateLine], *written: list[RateLine]
) -> list[tuple[str, str, str, str | None]]:
    return [
        (
            str(one.line.what),
            one.line.usd,
            one.given_by,
            one.instead_of.usd if one.instead_of else None,
        )
        for one in choose(TO, provider, written)
    ]


def test_the_longest_prefix_counts() -> None:
    lines = [line("0.03", "+9198"), line("0.01"), line("0.02", "+91"), line("9", "+1")]
    assert chosen(lines) == [("call", "0.03", "provider", None)]
    assert chosen([], lines) == [("call", "0.03", "file", None)]


def test_of_equal_prefixes_the_dearest_counts() -> None:
    lines = [line("0.10", "+91"), line("0.9", "+91"), line("0.2", "+91")]
    assert chosen(lines) == [("call", "0.9", "provider", None)]


def test_a_file_fills_and_overrides() -> None:
    stream, call = line("0.003", what=Charge.STREAM), line("0.004")
    provider = [line("0.005", "+91"), line("0.006", "+91", Charge.INBOUND)]
    assert chosen(provider, [stream, call]) == [
        ("call", "0.004", "file", "0.005"),
        ("inbound-call", "0.006", "provider", None),
        ("stream", "0.003", "file", None),
    ]


def test_a_line_of_the_account_counts_before_one_of_its_provider() -> None:
    account, provider = [line("0.001")], [line("0.002", "+91"), line("1", what=Charge.STREAM)]
    assert chosen([], account, provider) == [
        ("call", "0.001", "file", None),
        ("stream", "1", "file", None),
    ]


def test_nothing_that_fits_is_nothing() -> None:
    assert chosen([line("1", "+1")], [line("1", "+9199")]) == []


@pytest.mark.parametrize("text", ["+91", "91", " 91"])
def test_a_destination_is_a_prefix_with_or_without_its_plus(text: str) -> None:
    assert read_destination(text, "to") == "+91"


@pytest.mark.parametrize(
    "text", ["", "+", "India", "+91 98", "++91", "9" * 16, "+٩١", "+0", "+999"]
)
def test_what_is_no_destination_is_refused(text: str) -> None:
    with pytest.raises(InvalidField, match=r"^to: "):
        read_destination(text, "to")
