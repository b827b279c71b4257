"""A true call at the simulated carrier, and every request that it sent for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

import pytest

from linecard.simulator.overrides import Policy
from linecard.simulator.wire import Delivery, Request, Wire


@dataclass(frozen=True, slots=True)
class Told:
    """One request of the carrier, signed as it was, and what it is about in a word."""

    request: Request
    name: str


@dataclass(slots=True)
class Tape:
    """The requests of one call in the order they came, each once."""

    told: list[Told] = field(default_factory=list)

    def note(self, request: Request) -> None:
        """Keep a request; a repeat of one differs in its signature at most."""
        about = (request.method, request.url, request.body)
        if about not in [
            (one.request.method, one.request.url, one.request.body) for one in self.told
        ]:
            self.told.append(Told(request, _name(request, len(self.told))))


def _name(request: Request, place: int) -> str:
    parts = urlsplit(request.url)
    return f"{place}:{dict(parse_qsl(parts.query)).get('k', parts.path)}"


@contextmanager
def capturing(monkeypatch: pytest.MonkeyPatch) -> Iterator[Tape]:
    """Note whatever simulated carriers send."""
    tape, send = Tape(), Wire.send

    async def noted(wire: Wire, request: Request, policy: Policy) -> Delivery:
        tape.note(request)
        return await send(wire, request, policy)

    with monkeypatch.context() as patch:
        patch.setattr(Wire, "send", noted)
        yield tape
