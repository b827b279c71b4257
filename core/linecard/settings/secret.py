"""Credentials that do not print."""

from __future__ import annotations

import hmac


class Secret:
    """A credential. It prints as stars; `reveal()` is the one way to its text."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself: for signing and for authentication only."""
        return self._text

    def values(self) -> tuple[str, ...]:
        """The live values of a comma list: while rotating, the first signs and all verify."""
        return tuple(part.strip() for part in self._text.split(",") if part.strip())

    def __repr__(self) -> str:
        return "Secret('***')"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(
            self._text.encode(), other._text.encode()
        )

    def __hash__(self) -> int:
        return hash(self._text)
