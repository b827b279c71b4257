"""The price lists that the settings name, and which of their lines belong to an account."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from linecard.carrier import RateLine
from linecard.errors import ConfigurationError
from linecard.pricing.lists import ACCOUNT, OWN, Lists, read_csv, read_toml

if TYPE_CHECKING:
    from linecard.plugins import Plugins

READERS = {".toml": read_toml, ".csv": read_csv}
EVERYBODY = ""
"""The owner of a file that says itself whose prices it holds."""


@dataclass(frozen=True, slots=True)
class PriceBook:
    """Written prices by owner: `PROVIDER` or `PROVIDER:ACCOUNT`."""

    lists: Lists = field(default_factory=dict)

    def of(self, provider: str, account: str) -> tuple[Sequence[RateLine], Sequence[RateLine]]:
        """The lines of an account alone, and those of its whole provider."""
        return self.lists.get(f"{provider}:{account}", ()), self.lists.get(provider, ())


def read_book(files: Mapping[str, str], plugins: Plugins) -> PriceBook:
    """Every list, read: `files` are paths by owner, or by nothing where the file names owners itself.

    Raises ConfigurationError, also for prices of nobody.
    """
    known = list(_owners(plugins))
    found: dict[str, tuple[RateLine, ...]] = {}
    for owner, path in files.items():
        for name, lines in _owned(owner, path).items():
            if name not in known:
                raise ConfigurationError(
                    f"{path}: {name!r} is no provider and no account; there are {', '.join(known)}"
                )
            found[name] = (*found.get(name, ()), *lines)
    return PriceBook(found)


def _owners(plugins: Plugins) -> Iterator[str]:
    for provider in sorted(plugins.providers):
        yield provider
        yield from (f"{provider}:{account}" for account in plugins.accounts(provider))


def _owned(owner: str, path: str) -> Lists:
    lists = _read(path)
    if owner == EVERYBODY:
        if OWN in lists:
            raise ConfigurationError(
                f"{path}: says not whose prices it holds; name tables [[PROVIDER]] or "
                f'[["PROVIDER:ACCOUNT"]], or fill the column {ACCOUNT}'
            )
        return lists
    others = sorted(lists.keys() - {OWN})
    if others:
        raise ConfigurationError(
            f"{path}: is the list of {owner} alone and holds prices of {', '.join(others)}; "
            f"write [[{OWN}]], or no column {ACCOUNT}"
        )
    return {owner: lists.get(OWN, ())}


def _read(path: str) -> Lists:
    reader = READERS.get(Path(path).suffix.lower())
    if reader is None:
        raise ConfigurationError(f"{path}: a price list ends in {' or '.join(READERS)}")
    try:
        return reader(Path(path).read_text(encoding="utf-8"), path)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path} is not UTF-8: {error}") from error
