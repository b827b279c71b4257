"""What every call of the demo must have done; each check says what was seen."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from linecard.calls import CallStatus
from linecard.carrier import Facts
from linecard.demo.evidence import Evidence, is_taken, wav_seconds
from linecard.demo.report import Check
from linecard.demo.stage import Stage
from linecard.media.incoming import ENHANCED
from linecard.simulator.ledger import What
from linecard.webhook import Kind

Seen = tuple[bool, str]
SHORTEST_RECORDING_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Expected:
    """Something that must have happened, and how to see it; `where`: of carriers with these facts."""

    name: str
    look: Callable[[Evidence], Seen]
    where: Callable[[Facts], bool] = lambda _facts: True


def run(expected: Iterable[Expected], evidence: Evidence) -> list[Check]:
    """Look at each that this carrier can show."""
    facts = evidence.scene.stage.facts
    return [Check(one.name, *one.look(evidence)) for one in expected if one.where(facts)]


def wrote(what: What, times: int = 1) -> Callable[[Evidence], Seen]:
    """The carrier's ledger has it so often, or more."""

    def look(evidence: Evidence) -> Seen:
        found = evidence.entries(what)
        return len(found) >= times, f"at {found[0][0]:.2f} s" if found else "never"

    return look


def webhook(kind: Kind, times: int = 1) -> Callable[[Evidence], Seen]:
    """The carrier's webhook arrived and was taken so often, or more."""

    def look(evidence: Evidence) -> Seen:
        found = evidence.webhooks(kind)
        slowest = max((float(str(one.facts["ms"])) for one in found), default=0.0)
        times_seen = f"{len(found)} ×, answered within {slowest:.0f} ms"
        return len(found) >= times, times_seen if found else "never"

    return look


def recorded(name: str, times: int = 1) -> Callable[[Evidence], Seen]:
    """Our record of the call has the line so often, or more."""

    def look(evidence: Evidence) -> Seen:
        count = evidence.events.count(name)
        return count >= times, f"{count} × on our record" if count else "not on our record"

    return look


def ended(evidence: Evidence) -> Seen:
    """The status has reached its end."""
    status = evidence.call["status"]
    reason = evidence.call["end_reason"] or "no reason given"
    return status == CallStatus.COMPLETED, f"{status}: {reason}"


def recording_fetched(evidence: Evidence) -> Seen:
    """The file came through our API and is a recording of the call."""
    seconds = wav_seconds(evidence.recording)
    size = f"{len(evidence.recording):,} bytes"
    return (
        seconds >= SHORTEST_RECORDING_SECONDS,
        f"{seconds:.1f} s, {size}" if seconds else "no file",
    )


def one_agent(evidence: Evidence) -> Seen:
    """The agent was started once, whatever its streams did."""
    started = evidence.events.count("agent-started")
    streams = len(evidence.entries(What.STREAM_OPENED))
    return started == 1, f"agents: {started}, streams: {streams}"


def no_leg_left(evidence: Evidence) -> Seen:
    """The carrier has no line open."""
    left = evidence.scene.stage.carrier.ledger.live_legs()
    return not left, f"{len(left)} left"


def all_taken(evidence: Evidence) -> Seen:
    """Every webhook was taken."""
    sent = [entry for _, entry in evidence.entries(What.WEBHOOK)]
    refused = [entry for entry in sent if not is_taken(entry)]
    return bool(sent) and not refused, f"{len(sent)} sent, {len(refused)} not taken"


def nothing_dropped(evidence: Evidence) -> Seen:
    """No media message was lost, refused or unreadable on either side."""
    closed = [entry.facts for _, entry in evidence.entries(What.STREAM_CLOSED)]
    counts = ("unsent", "overflowed", "errors")
    lost = sum(int(str(facts.get(count, 0))) for facts in closed for count in counts)
    frames = sum(int(str(facts.get("frames", 0))) for facts in closed)
    dropped = counted(evidence, "linecard_media_dropped_total")
    return not lost and not dropped, f"{frames:,} frames, {lost + round(dropped)} dropped"


def counted(evidence: Evidence, name: str) -> float:
    """The sum of one of the server's counters."""
    families = evidence.scene.stage.exchange.metrics.registry.collect()
    samples = (sample for family in families for sample in family.samples)
    return sum(sample.value for sample in samples if sample.name == name)


def nothing_wrong(evidence: Evidence) -> Seen:
    """Nobody logged an error."""
    errors = evidence.scene.errors
    return not errors, errors[0].splitlines()[0] if errors else "none"


def enhanced(evidence: Evidence) -> Seen:
    """The noise was taken out, by whom that was asked of."""
    told = [one["facts"] for one in evidence.call["events"] if one["name"] == ENHANCED]
    if not told:
        return False, "never"
    by = {str(facts["by"]) for facts in told}
    seen = f"{', '.join(sorted(by))}, adds {told[0]['delay_ms']:g} ms"
    return by == {evidence.scene.stage.enhance}, seen


def in_a_pod(evidence: Evidence) -> Seen:
    """The call's agent ran in the pod that was allocated for it."""
    facts = {one["name"]: one["facts"] for one in evidence.call["events"]}
    given, had = facts.get("pod-allocated", {}), facts.get("agent-started", {}).get("pod")
    return bool(had) and given.get("pod") == had, f"{had or 'none'}, in {given.get('ms', '?')} ms"


def asked_for(stage: Stage) -> tuple[Expected, ...]:
    """What must have happened because it was asked for on the command line."""
    return (
        *((Expected("a pod carried the call", in_a_pod),) if stage.pods else ()),
        *((Expected("noise was taken out", enhanced),) if stage.enhance else ()),
    )


AT_THE_END: tuple[Expected, ...] = (
    Expected("hang-up callback arrived", webhook(Kind.ENDED), lambda facts: facts.reports_ends),
    Expected("the call ended as completed", ended),
    Expected("the carrier told that the recording is ready", recorded("recording-ready")),
    Expected("recording downloaded through our API", recording_fetched),
    Expected("every webhook was proved, believed and answered", all_taken),
    Expected("no media message dropped", nothing_dropped),
    Expected("no leg left at the carrier", no_leg_left),
    Expected("no error logged", nothing_wrong),
)
