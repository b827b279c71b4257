"""The inbound call: a caller speaks, hears the agent repeat it, types digits, and the agent hangs up."""

from __future__ import annotations

from linecard.demo import cast, measures, script, sound_checks
from linecard.demo.checks import (
    AT_THE_END,
    Expected,
    Seen,
    asked_for,
    one_agent,
    recorded,
    webhook,
    wrote,
)
from linecard.demo.evidence import Evidence, collect, unrecorded
from linecard.demo.logbook import Logbook
from linecard.demo.report import Report
from linecard.demo.scene import Scene, scene
from linecard.demo.stage import Stage
from linecard.demo.terminal import Terminal
from linecard.demo.writing import write
from linecard.simulator.ledger import What
from linecard.webhook import Kind

TITLE = "Inbound call"
SUBTITLE = "a caller dials the hotline: an echo, digits, and a goodbye"
FILE = "call-inbound"
STEPS = (
    (What.CALLED_IN, "a call comes in"),
    (What.RECORDING_STARTED, "answered and recorded"),
    (What.STREAM_OPENED, "the agent talks"),
    (What.DIGIT_PRESSED, "digits"),
    (What.HUNG_UP, "hung up"),
    (What.RECORDING_STOPPED, "the last callbacks"),
)
ARRIVES_SECONDS = 10.0


async def play(stage: Stage, terminal: Terminal, book: Logbook) -> Report:
    """Play the call and report on it."""
    progress = terminal.progress(STEPS)
    with terminal.act(TITLE, SUBTITLE, len(STEPS)), scene(stage, book, progress) as played:
        played.show(terminal.show)
        evidence = await _call(stage, played)
    expected = (*EXPECTED, *asked_for(stage))
    return write(FILE, TITLE, SUBTITLE, evidence, expected, measures.INBOUND)


async def _call(stage: Stage, played: Scene) -> Evidence:
    phone = cast.caller(played.spoken)
    leg = await stage.carrier.call_in(cast.CALLER, cast.HOTLINE, phone)
    await stage.carrier.ledger.until(What.WEBHOOK, leg, within=ARRIVES_SECONDS)
    ours = await _our_id(stage)
    call = await played.until_settled(ours) if ours else unrecorded(cast.CALLER, cast.HOTLINE)
    return await collect(played, call, leg, cast.CALLER)


async def _our_id(stage: Stage) -> str:
    """Our id of the call that has just come in; empty where its first webhook was not taken."""
    found = await stage.ask("GET", f"/calls?limit=1&number={cast.HOTLINE.replace('+', '%2B')}")
    return str(found["items"][0]["id"]) if found["items"] else ""


def digits_pressed(evidence: Evidence) -> Seen:
    """Every key was pressed, in its order, and the agent repeated them all as notes."""
    return sound_checks.repeated(evidence, script.ROOM, script.ROOM_BEEPS)


def hung_up_by_us(evidence: Evidence) -> Seen:
    """The end was ours: asked for by the agent, done at the carrier."""
    asked = "hang-up-asked" in evidence.events
    ends = [str(entry.facts.get("source", "")) for _, entry in evidence.entries(What.HUNG_UP)]
    return asked and len(ends) == 1, f"by {ends[0]}" if ends else "never"


EXPECTED: tuple[Expected, ...] = (
    Expected("the call came in", wrote(What.CALLED_IN)),
    Expected("answer webhook got its document", webhook(Kind.ANSWER)),
    Expected("recording started", wrote(What.RECORDING_STARTED)),
    Expected("media socket opened", wrote(What.STREAM_OPENED)),
    Expected("stream callbacks arrived", webhook(Kind.STREAM), lambda facts: facts.reports_streams),
    Expected("the agent heard the caller, sample for sample", sound_checks.caller_heard),
    Expected(
        "the caller heard the agent and the echo, sample for sample", sound_checks.echoed_as_said
    ),
    Expected("digits reached the agent", digits_pressed),
    Expected("one agent carried the whole call", one_agent),
    Expected("the agent hung up", hung_up_by_us),
    Expected("the agent left", recorded("agent-finished")),
    *AT_THE_END,
)
