"""The stretches of a call, read from the carrier's ledger."""

from __future__ import annotations

from linecard.demo import cast
from linecard.demo.evidence import Evidence
from linecard.demo.story import Phase
from linecard.simulator.ledger import Entry, What

BEGINS = {
    What.CALLED_IN: "asking",
    What.RINGING: "ringing",
    What.ANSWERED: "answered",
    What.STREAM_OPENED: "with the agent",
    What.STREAM_CLOSED: "between",
    What.HUNG_UP: "after the call",
}
SHORTEST_SECONDS = 0.02


def phases(evidence: Evidence) -> list[Phase]:
    """One after another, from the start of the story to its end."""
    starts = [(0.0, "placing")]
    for at, entry in evidence.scene.narrator.seen:
        label = _label(entry)
        if label:
            starts.append((at, label))
    ends = [at for at, _ in starts[1:]] + [evidence.scene.story.now]
    return [
        Phase(start, end, label)
        for (start, label), end in zip(starts, ends, strict=True)
        if end - start >= SHORTEST_SECONDS
    ]


def _label(entry: Entry) -> str:
    """What begins with an entry; of the legs that are dialled for a transfer, only some entries count."""
    own = entry.facts.get("leg", entry.call) == entry.call
    if entry.what is What.BRIDGED:
        return f"with {_name(entry)}"
    if entry.what is What.DIALLED and not own:
        return f"dialling {_name(entry)}"
    return BEGINS.get(entry.what, "") if own else ""


def _name(entry: Entry) -> str:
    number = str(entry.facts["to"])
    return cast.NAMES.get(number, number)


def recording(evidence: Evidence) -> Phase | None:
    """From the first start of a recording to its last end."""
    starts = evidence.entries(What.RECORDING_STARTED)
    stops = evidence.entries(What.RECORDING_STOPPED)
    return Phase(starts[0][0], stops[-1][0], "recording") if starts and stops else None
