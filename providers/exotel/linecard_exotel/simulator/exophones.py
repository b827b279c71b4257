"""The account's numbers, and the flow that each is attached to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from linecard_exotel.simulator.flows import build_flow
from linecard_exotel.simulator.numbering import e164

if TYPE_CHECKING:
    from linecard_exotel.simulator.flows import Applet

FIRST_FLOW = 100_001


class ExoPhones:
    """`numbers`: what the account owns; without any, it owns every number that is used."""

    def __init__(self, numbers: Sequence[str]) -> None:
        self._owned = frozenset(map(e164, numbers))
        self._pasted: dict[str, tuple[str, ...]] = {}
        self._ids: dict[str, str] = {}
        self._recorded: set[str] = set()

    def owns(self, number: str) -> bool:
        """Whether calls may be made from a number."""
        return not self._owned or e164(number) in self._owned

    def attach(self, number: str, pasted: Sequence[str]) -> str:
        """Give a number the flow that the addresses make; the flow's id."""
        self._pasted[e164(number)] = tuple(pasted)
        return self._ids.setdefault(e164(number), self.next_flow_id)

    @property
    def next_flow_id(self) -> str:
        """The id that the next new flow gets."""
        return str(FIRST_FLOW + len(self._ids))

    def tick_record(self, number: str, *, records: bool) -> None:
        """Tick Record in the Voicebot applets of a number's flow, or take it off."""
        (self._recorded.add if records else self._recorded.discard)(e164(number))

    def flow(self, number: str) -> Applet | None:
        """The flow of a number; None where nobody has built one."""
        pasted = self._pasted.get(e164(number), ())
        return build_flow(pasted, records=e164(number) in self._recorded)

    def flow_id(self, number: str) -> str:
        """The id of a number's flow; empty without one."""
        return self._ids.get(e164(number), "")
