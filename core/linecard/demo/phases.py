"""The stretches of a call, read from the carrier's ledger."""

from __future__ import annotations

from itertools import pairwise

from linecard.demo.evidence import Evidence
from linecard.demo.story import Phase
from linecard.simulator.ledger import Entry, What

BEGINS = {
    What.CALLED_IN: "ringing",
    What.RINGING: "ringing",
    What.ANSWERED: "answered",
    What.STREAM_OPENED: "with the agent",
    What.TRANSFER: "transfer",
    What.HUNG_UP: "after the call",
}
SHORTEST_SECONDS = 0.5


def phases(evidence: Evidence) -> list[Phase]:
    """One after another, from the start of the story to its end."""
    seen = evidence.scene.narrator.seen
    starts = [(at, label) for at, entry in seen if (label := _label(entry))]
    bounds = [*starts, (evidence.scene.story.now, "")]
    whole = (Phase(start, end, label) for (start, label), (end, _) in pairwise(bounds))
    return [phase for phase in whole if phase.end - phase.start >= SHORTEST_SECONDS]


def _label(entry: Entry) -> str:
    """What begins with an entry; of a leg that is dialled for a transfer, only its connection counts."""
    if entry.what is What.BRIDGED:
        return "with a human"
    own = entry.facts.get("leg", entry.call) == entry.call
    return BEGINS.get(entry.what, "") if own else ""
