"""Transfers as one state machine for all carriers, and what one asks for.

A transfer is one row; `STEPS` is the one table by which its state changes. What happens may be
reported late, twice, in any order or never: what the table does not allow changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

MOST_WHISPER = 500
"""Characters of a whisper: half a minute of speech."""
ACCEPT_KEY = r"^[0-9*#]$"
ACCEPT_SECONDS = 15
"""How long an answered target may take to press the key."""


class TransferState(StrEnum):
    """Where a transfer stands.

    `waiting`: the carrier has not yet asked for its document. `dialing`: it has, and the targets ring.
    `consulting`: they ring while the caller talks with the agent. `joining`: one of them waits in the
    room, and the caller is on the way there. `bridged`: the two are connected.
    """

    WAITING = "waiting"
    DIALING = "dialing"
    CONSULTING = "consulting"
    JOINING = "joining"
    BRIDGED = "bridged"
    ENDED = "ended"


class Happening(StrEnum):
    """What moves a transfer."""

    DOCUMENT = "its document is asked for"
    READY = "a target is ready"
    CONNECTED = "caller and target are connected"
    NEXT = "one target is over, the next is rung"
    OVER = "the last target is over"
    REFUSED = "the carrier refuses"
    CALLER_GONE = "the caller hangs up"
    CALLER_BACK = "the caller is back by another way"
    UNREPORTED = "nobody has reported anything for too long"


class RingOrder(StrEnum):
    """How several targets are rung."""

    TOGETHER = "together"
    SEQUENCE = "sequence"


def _steps() -> Mapping[tuple[TransferState, Happening], TransferState]:
    state, what = TransferState, Happening
    active = (state.WAITING, state.DIALING, state.CONSULTING, state.JOINING)
    return MappingProxyType(
        {
            (state.WAITING, what.DOCUMENT): state.DIALING,
            (state.DIALING, what.DOCUMENT): state.DIALING,
            (state.CONSULTING, what.READY): state.JOINING,
            (state.DIALING, what.NEXT): state.DIALING,
            (state.CONSULTING, what.NEXT): state.CONSULTING,
            **{(one, what.CONNECTED): state.BRIDGED for one in active},
            **{(one, what.OVER): state.ENDED for one in (*active, state.BRIDGED)},
            **{(one, what.REFUSED): state.ENDED for one in (state.WAITING, state.CONSULTING)},
            **{(one, what.CALLER_GONE): state.ENDED for one in (*active, state.BRIDGED)},
            (state.WAITING, what.CALLER_BACK): state.ENDED,
            (state.DIALING, what.CALLER_BACK): state.ENDED,
            (state.JOINING, what.CALLER_BACK): state.ENDED,
            (state.WAITING, what.UNREPORTED): state.ENDED,
            (state.CONSULTING, what.UNREPORTED): state.ENDED,
            # The ringing is limited: a caller who is still there after it talks to somebody.
            (state.DIALING, what.UNREPORTED): state.BRIDGED,
            (state.JOINING, what.UNREPORTED): state.BRIDGED,
        }
    )


STEPS: Mapping[tuple[TransferState, Happening], TransferState] = _steps()
"""Every change there is. `ended` is an end: nothing leads away from it."""

MOVING = frozenset({TransferState.WAITING, TransferState.DIALING, TransferState.JOINING})
"""The caller's leg is on its way: whatever document it asks for is the transfer's."""
ACTIVE = MOVING | {TransferState.CONSULTING}
"""Not decided yet; there is one such transfer of a call at a time."""


def step(state: TransferState, what: Happening) -> TransferState | None:
    """The state after a happening; None where it changes nothing."""
    return STEPS.get((state, what))


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferWish:
    """What is asked for: E.164 numbers or SIP addresses, and how they are rung.

    `mode` is `cold` or `warm`; `ring_seconds` are each target's. `whisper` is said to a target before
    the caller is connected; `accept_key` is one key that it must press for that.
    """

    targets: tuple[str, ...]
    mode: str = "cold"
    ring_seconds: int = 25
    order: str = RingOrder.TOGETHER.value
    whisper: str | None = None
    accept_key: str | None = None


def reference(transfer: str, place: int) -> str:
    """What an address says of a transfer: its id, and the place of a target or of a turn of dialling."""
    return f"{transfer}.{place}"


def read_reference(text: str) -> tuple[str, int]:
    """The transfer and the place of an address; 0 where it names none."""
    transfer, _, place = text.partition(".")
    return transfer, int(place) if place.isdecimal() and place.isascii() else 0
