"""Keys of the management API and what each may do: `read:KEY`, `call:KEY`, `admin:KEY`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from linecard.settings.secret import Secret

MARK = ":"


class Scope(StrEnum):
    """What a key may do. Each may do what those before it may."""

    READ = "read"
    CALL = "call"
    ADMIN = "admin"

    def covers(self, needed: Scope) -> bool:
        """Whether a key of this scope may do what needs another."""
        order = list(Scope)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True, slots=True)
class ScopedKey:
    """One live key, `text` as a client sends it. It does not print."""

    scope: Scope
    text: str

    def __repr__(self) -> str:
        return f"ScopedKey({self.scope}, '***')"


def scoped_keys(setting: Secret) -> tuple[ScopedKey, ...]:
    """The keys of a comma list, in its order; one that names no scope may do everything."""
    return tuple(_scoped(one) for one in setting.values())


def _scoped(written: str) -> ScopedKey:
    name, mark, text = written.partition(MARK)
    if mark and name in list(Scope):
        return ScopedKey(Scope(name), text.strip())
    return ScopedKey(Scope.ADMIN, written)
