"""Recordings: both sides of a leg, and links to them that grow old."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import uuid4

from linecard.simulator.ledger import What

if TYPE_CHECKING:
    from linecard.simulator.tape import Tape
    from linecard_telnyx.simulator.legs import Leg
    from linecard_telnyx.simulator.switch import Switch

LONGEST_SECONDS = 14_400


@dataclass(slots=True, eq=False, kw_only=True)
class Recording:
    """One recording of one leg; moments are Unix times of the carrier's clock."""

    leg: Leg
    tape: Tape
    begun: float
    ended: float = 0.0
    id: str = field(default_factory=lambda: str(uuid4()))


def start(switch: Switch, leg: Leg, most_seconds: float) -> None:
    """Record from here on, until the leg is over or the limit is reached."""
    from linecard.simulator.tape import Tape

    if leg.line is None or leg.recording is not None:
        return
    tape = Tape(most_seconds or LONGEST_SECONDS, lambda: stop(switch, leg))
    leg.recording = Recording(leg=leg, tape=tape, begun=switch.clock.unix())
    leg.line.taps.append(tape)
    switch.ledger.write(What.RECORDING_STARTED, leg.call, recording=leg.recording.id)


def stop(switch: Switch, leg: Leg) -> None:
    """Stop, keep the file, and say where it is; a leg without a recording is left alone."""
    from linecard_telnyx.simulator.switch import iso

    done, leg.recording = leg.recording, None
    if done is None or leg.line is None:
        return
    leg.line.untap(done.tape)
    done.ended = switch.clock.unix()
    switch.recordings[done.id] = done
    switch.ledger.write(What.RECORDING_STOPPED, leg.call, recording=done.id)
    switch.tell(
        leg,
        "call.recording.saved",
        channels="dual",
        recording_started_at=iso(done.begun),
        recording_ended_at=iso(done.ended),
        recording_urls={"wav": link(switch, done)},
    )


def link(switch: Switch, recording: Recording) -> str:
    """A link that proves itself, for a while."""
    until = switch.clock.unix() + switch.link_seconds
    return f"{switch.url}/files/{recording.id}.wav?until={until:.3f}"
