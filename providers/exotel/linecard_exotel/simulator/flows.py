"""App Bazaar flows: applets that a person joins by hand, and what they make of pasted addresses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from linecard_exotel.simulator.addresses import Address, is_web_address, purpose

KINDS = ("answer", "next", "dial", "return")


@dataclass(frozen=True, slots=True)
class Voicebot:
    """A two-way stream whose address the application says; then the next applet."""

    address: Address
    records: bool
    next: Applet | None


@dataclass(frozen=True, slots=True)
class Passthru:
    """A question, asked synchronously: 200 leads to `a`, 302 and everything else to `b`."""

    address: Address
    a: Applet | None
    b: Applet | None


@dataclass(frozen=True, slots=True)
class Connect:
    """Rings whom the application says; `unanswered` follows 'no answer' and 'nobody dialled'."""

    address: Address
    unanswered: Applet | None


Applet = Voicebot | Passthru | Connect
"""An applet; None in its place is Hangup."""


def build_flow(pasted: Sequence[str], *, records: bool) -> Applet | None:
    """The flow of the addresses, each recognised by its `k`; None without an `answer`.

    `answer` is the Voicebot, `next` the Passthru behind it, `dial` the Connect on its branch A,
    `return` the Voicebot behind an unanswered Connect. A second `next` and `dial` stand behind the
    second Voicebot, and so on.
    """
    by_kind = {kind: _addresses(pasted, kind) for kind in KINDS}
    bots = [*by_kind["answer"][:1], *by_kind["return"]]
    flow: Applet | None = None
    for place in reversed(range(len(bots) if by_kind["answer"] else 0)):
        flow = Voicebot(bots[place], records, _behind(by_kind, place, flow))
    return flow


def _behind(
    by_kind: Mapping[str, Sequence[Address]], place: int, unanswered: Applet | None
) -> Applet | None:
    dial, next_ = _at(by_kind["dial"], place), _at(by_kind["next"], place)
    connect = Connect(dial, unanswered) if dial else None
    return Passthru(next_, connect, None) if next_ else connect


def _at(addresses: Sequence[Address], place: int) -> Address | None:
    return addresses[place] if place < len(addresses) else None


def _addresses(pasted: Iterable[str], kind: str) -> list[Address]:
    return [Address.parse(text) for text in pasted if is_flow_address(text, kind)]


def is_flow_address(text: str, *kinds: str) -> bool:
    """Whether a pasted text is an address for one of these applets; for any of them without `kinds`."""
    return is_web_address(text) and purpose(text) in (kinds or KINDS)
