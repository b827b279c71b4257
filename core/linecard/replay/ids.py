"""Ids and tokens that differ by nature: which of the record's is which of the replay's.

Both sides make them in the same order: the call's own id, one for each transfer, one for each stream.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from linecard.flight.reading import Recorded
from linecard.settings import Secret
from linecard.tokens import StreamClaims, Tokens
from linecard.webhook import Kind

OF_TRANSFERS = frozenset({Kind.TRANSFER, Kind.DIALED, Kind.LEG, Kind.WHISPER})
ID = r"[0-9a-f]{20}"
STREAM = re.compile(rf"~({ID})|k=next(?:&amp;|&)x=({ID})")
TRANSFER = re.compile(rf"k=(?:{'|'.join(sorted(OF_TRANSFERS))})(?:&amp;|&)x=({ID})")


@dataclass(slots=True)
class Ids:
    """The ids of one side, by what they are of, in the order in which they were made."""

    calls: list[str] = field(default_factory=list)
    transfers: list[str] = field(default_factory=list)
    streams: list[str] = field(default_factory=list)

    def families(self) -> Sequence[tuple[str, list[str]]]:
        """What there are ids of."""
        return (("call", self.calls), ("transfer", self.transfers), ("stream", self.streams))

    def named(self, value: Any) -> Any:
        """A JSON value with every id replaced by what it is of: `<transfer 1>`."""
        if isinstance(value, str):
            return self._named(value)
        if isinstance(value, dict):
            return {self._named(name): self.named(one) for name, one in value.items()}
        return [self.named(one) for one in value] if isinstance(value, list) else value

    def _named(self, text: str) -> str:
        for family, ids in self.families():
            for place, made in enumerate(ids, 1):
                text = text.replace(made, f"<{family} {place}>")
        return text

    def translated(self, text: str, other: Ids) -> str:
        """A text of this side with the other side's ids."""
        for (_, mine), (_, theirs) in zip(self.families(), other.families(), strict=True):
            for here, there in zip(mine, theirs, strict=False):
                text = text.replace(here, there)
        return text


def ids_of(recorded: Recorded) -> Ids:
    """The ids in a record."""
    texts = [text for line in recorded.lines for text in _texts(line)]
    queries = [line["query"] for line in recorded.of("webhook")]
    said = [one["x"] for one in queries if one.get("k") in OF_TRANSFERS and "x" in one]
    made = [one["id"] for one in recorded.record.get("transfers", [])]
    transfers = [one for text in texts for one in TRANSFER.findall(text)]
    streams = [first or second for text in texts for first, second in STREAM.findall(text)]
    return Ids(
        calls=[recorded.head["call"]["id"]],
        transfers=list(dict.fromkeys([*made, *transfers, *said])),
        streams=list(dict.fromkeys(streams)),
    )


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)


class ListeningTokens(Tokens):
    """Makes the replay's tokens, and hears for what."""

    def __init__(self, secret: Secret) -> None:
        super().__init__(secret)
        self.ids = Ids()
        self._streams: dict[str, str] = {}

    def webhook(self, provider: str, account: str, call: str, kind: Kind, reference: str) -> str:
        """The `t` of one address."""
        if call:
            _add(self.ids.calls, call)
        if call and kind in OF_TRANSFERS and reference:
            _add(self.ids.transfers, reference)
        return super().webhook(provider, account, call, kind, reference)

    def fitting(self, provider: str, account: str, call: str, kind: Kind, reference: str) -> str:
        """The `t` of an address that the carrier asks, which says nothing of what we have made."""
        return super().webhook(provider, account, call, kind, reference)

    def stream(self, claims: StreamClaims) -> str:
        """The path token of a media socket."""
        token = self._streams[claims.id] = super().stream(claims)
        _add(self.ids.streams, claims.id)
        return token

    def stream_of(self, place: int) -> str | None:
        """The token of the nth stream that was asked for; None while it has not been."""
        ids = self.ids.streams
        return self._streams[ids[place]] if place < len(ids) else None


def _add(known: list[str], id: str) -> None:
    if id not in known:
        known.append(id)
