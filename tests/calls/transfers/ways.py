"""The ways in which a caller is brought to somebody else, and which carrier has which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

CARRIERS = ("plivo", "twilio", "exotel")
KEY = "1"
WORDS = "An order of shoes."


@dataclass(frozen=True, slots=True)
class Way:
    """What an agent asks for.

    `consults`: the target is rung into a room while caller and agent go on talking. `brief`: asked for
    as warm at a carrier that cannot do that, so that one Dial document does all.
    """

    name: str
    mode: str = "cold"
    whisper: bool = False
    key: bool = False
    brief: bool = False

    @property
    def consults(self) -> bool:
        return self.mode == "warm" and not self.brief

    @property
    def whispers(self) -> bool:
        """Whether a target hears something before the caller is connected: of warm ways by default."""
        return self.whisper or self.key or self.brief

    def wish(self, **more: Any) -> dict[str, Any]:
        """What `LiveCall.transfer` is given."""
        asked: dict[str, Any] = {"mode": self.mode, "timeout": 12}
        asked |= {"whisper": WORDS} if self.whisper else {}
        asked |= {"accept_key": KEY} if self.key else {}
        return asked | more


WAYS: Mapping[str, Way] = MappingProxyType(
    {
        way.name: way
        for way in (
            Way("cold"),
            Way("cold, whisper", whisper=True),
            Way("cold, whisper and key", whisper=True, key=True),
            Way("brief", mode="warm", brief=True),
            Way("brief, whisper and key", mode="warm", brief=True, whisper=True, key=True),
            Way("warm", mode="warm"),
            Way("warm, whisper", mode="warm", whisper=True),
            Way("warm, key", mode="warm", key=True),
        )
    }
)

ONE_DOCUMENT = "its Connect applet rings and connects: nobody can be spoken to or asked before"
NO_ROOM = "it has no room that a target could be rung into"
CANNOT: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("exotel", name): NO_ROOM if way.consults and not way.whispers else ONE_DOCUMENT
        for name, way in WAYS.items()
        if way.whispers or way.consults
    }
)
"""Which way a carrier does not have, and why: there a transfer is `unsupported`, and nobody is dialled."""


@dataclass(frozen=True, slots=True)
class At:
    """A way at a carrier."""

    carrier: str
    way: Way = field(default=WAYS["cold"])

    def __str__(self) -> str:
        return f"{self.carrier}, {self.way.name}"


def ways_of(carrier: str, *, brief: bool) -> list[At]:
    """The ways that a carrier has; those by one document where it consults need a world of their own."""
    return [
        At(carrier, way)
        for way in WAYS.values()
        if way.brief is brief and (carrier, way.name) not in CANNOT
    ]


ALL = [
    at for carrier in CARRIERS for brief in (False, True) for at in ways_of(carrier, brief=brief)
]
