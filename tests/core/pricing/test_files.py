"""Price lists in files, and whose they are."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.calls.acme import AcmeSettings, with_acme

from linecard.errors import ConfigurationError
from linecard.pricing.files import PriceBook, read_book
from linecard.settings import AccountSettings

PRICE = 'what = "stream"\nusd = "{}"\nsince = 2026-01-31\n'


def book(files: dict[str, str]) -> PriceBook:
    plugins = with_acme()
    accounts = [
        AccountSettings(provider="acme", name=name, values=AcmeSettings("k"))
        for name in ("main", "india")
    ]
    plugins.open_accounts({"acme": accounts})
    return read_book(files, plugins)


def prices(book: PriceBook, account: str) -> tuple[list[str], list[str]]:
    own, provider = book.of("acme", account)
    return [line.usd for line in own], [line.usd for line in provider]


def test_one_file_for_everybody(tmp_path: Path) -> None:
    path = tmp_path / "prices.toml"
    path.write_text(f'[[acme]]\n{PRICE.format(1)}[["acme:india"]]\n{PRICE.format(2)}')
    found = book({"": str(path)})
    assert prices(found, "main") == ([], ["1"])
    assert prices(found, "india") == (["2"], ["1"])
    (line, *_), _ = found.of("acme", "india")
    assert line.source == f"{path}, since 2026-01-31"


def test_a_file_for_each(tmp_path: Path) -> None:
    (tmp_path / "acme.toml").write_text(f"[[price]]\n{PRICE.format(1)}")
    (tmp_path / "india.CSV").write_text("what,usd,since\nstream,2,2026-01-31\n")
    found = book({"acme": f"{tmp_path}/acme.toml", "acme:india": f"{tmp_path}/india.CSV"})
    assert prices(found, "main") == ([], ["1"])
    assert prices(found, "india") == (["2"], ["1"])


def test_a_csv_for_everybody(tmp_path: Path) -> None:
    path = tmp_path / "all.csv"
    path.write_text("account,what,usd,since\nacme:main,stream,2,2026-01-31\n")
    assert prices(book({"": str(path)}), "main") == (["2"], [])


def test_no_file_no_prices() -> None:
    assert prices(book({}), "main") == ([], [])


WRONG = [
    ("", "p.toml", f"[[price]]\n{PRICE.format(1)}", "says not whose prices it holds"),
    ("", "p.csv", "what,usd,since\nstream,1,2026-01-31\n", "says not whose prices it holds"),
    ("", "p.toml", f"[[amce]]\n{PRICE.format(1)}", "'amce' is no provider and no account"),
    ("", "p.toml", f'[["acme:x"]]\n{PRICE.format(1)}', "'acme:x' is no provider and no account"),
    ("amce", "p.toml", f"[[price]]\n{PRICE.format(1)}", "'amce' is no provider and no account"),
    ("acme", "p.toml", f"[[acme]]\n{PRICE.format(1)}", "is the list of acme alone"),
    ("acme", "p.toml", f"[[price]]\n{PRICE.format('?')}", "p.toml, line 3: usd must be"),
    ("acme", "p.txt", "", "a price list ends in .toml or .csv"),
    ("acme", "p.csv", None, "p.csv cannot be read: No such file"),
]


@pytest.mark.parametrize(("owner", "name", "text", "said"), WRONG)
def test_what_is_wrong_with_a_file_is_said(
    tmp_path: Path, owner: str, name: str, text: str | None, said: str
) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(ConfigurationError) as error:
        book({owner: str(tmp_path / name)})
    assert str(tmp_path / name) in str(error.value)
    assert said in str(error.value)


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_bytes(b"what,usd,since\n\xff")
    with pytest.raises(ConfigurationError, match=r"p\.csv is not UTF-8"):
        book({"acme": str(tmp_path / "p.csv")})
