"""Letting the simulated carrier misbehave for a while, and counting what reached it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from linecard.simulator import SimulatedCarrier
from linecard.simulator.ledger import What
from tests.calls.telephone import Telephone

DIAL = "^POST .*/Call/$"


class OfCarrier(Protocol):
    """Whatever has a simulated carrier."""

    @property
    def carrier(self) -> SimulatedCarrier:
        """The carrier."""
        ...


@contextmanager
def fault(world: OfCarrier, rest: str = DIAL, **knobs: float) -> Iterator[None]:
    """Faults of the carrier; those of REST happen to requests that fit `rest`."""
    faults = world.carrier.faults
    wanted = {"rest": rest, **knobs}
    before = {name: getattr(faults, name) for name in wanted}
    for name, value in wanted.items():
        setattr(faults, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(faults, name, value)


def dial_requests(world: Telephone, to: str) -> int:
    """How many requests to dial a number have reached the carrier."""
    seen = world.carrier.ledger.all(What.REQUEST, method="POST")
    bodies = [entry.facts["body"] for entry in seen if str(entry.facts["path"]).endswith("/Call/")]
    return sum(isinstance(body, dict) and body.get("to") == to.lstrip("+") for body in bodies)
