"""Price lists: what may stand in one, and what is said where it is wrong."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from linecard import Charge, ConfigurationError, Per, RateLine, read_prices
from linecard.pricing.lists import Lists, read_csv, read_toml

STREAM = RateLine(what=Charge.STREAM, prefix="", usd="0.0030", source="p, since 2026-01-31")
DETECTION = RateLine(
    what=Charge.DETECTION,
    prefix="+91",
    usd="0.0075",
    source="p, since 2025-12-01",
    per=Per.CALL,
    pulse_seconds=1,
)
TOML = """
[[price]]
what = "stream"
usd = 0.0030          # no float: the zero stays
since = 2026-01-31

[[price]]
what = "machine-detection"
prefix = "+91"
usd = "0.0075"
per = "call"
pulse_seconds = 1
since = "2025-12-01"
"""
CSV = """what,prefix,usd,per,pulse_seconds,since
stream,,0.0030,,,2026-01-31
machine-detection,+91,0.0075,call,1,2025-12-01
"""


def test_a_list_in_toml() -> None:
    assert read_prices(TOML, "p") == (STREAM, DETECTION)


def test_a_list_in_csv() -> None:
    assert read_csv(CSV, "p") == {"price": (STREAM, DETECTION)}
    assert read_csv("\ufeff" + CSV.replace("\n", "\r\n"), "p") == {"price": (STREAM, DETECTION)}


def test_a_list_says_whose_prices_it_holds() -> None:
    toml = TOML.replace("[[price]]", "[[acme]]", 1).replace("[[price]]", '[["acme:india"]]')
    owned: Lists = {"acme": (STREAM,), "acme:india": (DETECTION,)}
    assert read_toml(toml, "p") == owned
    header, stream, detection = CSV.splitlines()
    rows = (f"account,{header}", f"acme,{stream}", f"acme:india,{detection}")
    assert read_csv("\n".join(rows), "p") == owned


def test_an_empty_list_has_no_prices() -> None:
    assert read_prices("", "p") == ()
    assert read_csv("what,usd,since\n", "p") == {}


def price(**changes: str | None) -> str:
    keys = {"what": '"stream"', "usd": '"0.1"', "since": "2026-01-31"} | changes
    return "[[price]]\n" + "\n".join(f"{k} = {v}" for k, v in keys.items() if v is not None)


WRONG_TOML = [
    (price(what='"strem"'), "p, line 2: what must be one of call, inbound-call, second-leg"),
    (price(what=None), "p, line 1: what is missing"),
    (price(since=None), "p, line 1: since is missing"),
    (price(since="2026"), "p, line 4: since must be a date"),
    (price(since="2026-01-31T00:00:00"), "p, line 4: since must be a date"),
    (price(usd='"much"'), "p, line 3: usd must be an amount"),
    (price(usd="-0.1"), "p, line 3: usd must be an amount"),
    (price(usd="nan"), "p, line 3: usd must be an amount"),
    (price(usd="true"), "p, line 3: usd must be an amount"),
    (price(per='"second"'), "p, line 5: per must be one of minute, call"),
    (price(prefix='"91"'), "p, line 5: prefix must be the beginning of a number"),
    (price(prefix="91"), "p, line 5: prefix must be the beginning of a number"),
    (price(pulse_seconds="0"), "p, line 5: pulse_seconds must be whole seconds"),
    (price(pulse_seconds="1.5"), "p, line 5: pulse_seconds must be whole seconds"),
    (price(colour='"red"'), "p, line 5: colour is not known; known are what, prefix, usd"),
    (price() + "\n\n" + price(usd='"?"'), "p, line 8: usd must be"),
    ("price = [{what = 'call'}]", "p, [[price]] number 1: usd is missing"),
    ("price = 1", "p: price must be tables: [[price]]"),
    ("[price]\nusd = 1", "p: price must be tables: [[price]]"),
    ("[[prices]]\n", "p: prices is not known; prices stand in [[price]]"),
    ("[[price]]\nusd = \n", "p is not a TOML file: .*line 2"),
]


@pytest.mark.parametrize(("text", "said"), WRONG_TOML)
def test_what_is_wrong_in_toml_is_found(text: str, said: str) -> None:
    refused(lambda: read_prices(text, "p"), said)


WRONG_CSV = [
    ("what,usd\n", "p, line 1: the column since is missing"),
    ("what,usd,since,price\n", "p, line 1: no column may be called 'price'"),
    ("", "p, line 1: the column what is missing"),
    ("what,usd,since\nstream,0.1,\n", "p, line 2: since is missing"),
    ("what,usd,since\ncall,0.1,2026-01-31\nstream,?,2026-01-31\n", "p, line 3: usd must be"),
    ("what,usd,since\nstream,0.1,2026-01-31,more\n", "p, line 2: has more cells than"),
    ('what,usd,since\n"stream,0.1,2026-01-31\n', "p, line 2: not CSV"),
]


@pytest.mark.parametrize(("text", "said"), WRONG_CSV)
def test_what_is_wrong_in_csv_is_found(text: str, said: str) -> None:
    refused(lambda: read_csv(text, "p"), said)


def refused(read: Callable[[], object], said: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        read()
    head, _, tail = said.partition(".*")
    assert str(error.value).startswith(head)
    assert tail in str(error.value)
