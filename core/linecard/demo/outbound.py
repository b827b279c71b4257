"""The outbound call: an interruption, a booking number, and a transfer that works at the second try."""

from __future__ import annotations

from linecard.carrier import Facts
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
from linecard.demo.evidence import Evidence, collect
from linecard.demo.hearing import place_of
from linecard.demo.logbook import Logbook
from linecard.demo.report import Report
from linecard.demo.scene import Scene, scene
from linecard.demo.script import by_customer, by_human
from linecard.demo.stage import Stage
from linecard.demo.story import Tone, Who
from linecard.demo.terminal import Terminal
from linecard.demo.writing import write
from linecard.simulator.ledger import Entry, What
from linecard.webhook import Kind

TITLE = "Outbound call"
SUBTITLE = "the hotel calls a guest: interruption, digits, a busy desk, and a human who answers"
FILE = "call"
STEPS = (
    (What.RINGING, "it rings"),
    (What.RECORDING_STARTED, "answered and recorded"),
    (What.STREAM_OPENED, "the agent talks"),
    (What.CLEARED, "interrupted"),
    (What.DIGIT_PRESSED, "digits"),
    (What.TRANSFER, "transfer"),
    (What.BRIDGED, "with a human"),
    (What.HUNG_UP, "hung up"),
    (What.RECORDING_STOPPED, "the last callbacks"),
)


async def play(stage: Stage, terminal: Terminal, book: Logbook) -> Report:
    """Play the call and report on it."""
    bridged = cast.Cue("to be connected with a human")

    def cue(entry: Entry) -> None:
        bridged.given = bridged.given or entry.what is What.BRIDGED

    progress = terminal.progress(STEPS)
    with terminal.act(TITLE, SUBTITLE, len(STEPS)), scene(stage, book, cue, progress) as played:
        played.show(terminal.show)
        evidence = await _call(stage, played, bridged)
    expected = (*EXPECTED, *asked_for(stage))
    return write(FILE, TITLE, SUBTITLE, evidence, expected, measures.OUTBOUND)


async def _call(stage: Stage, played: Scene, bridged: cast.Cue) -> Evidence:
    phones = stage.carrier.phones
    phones[cast.CUSTOMER] = cast.customer(bridged, played.spoken)
    phones[cast.DESK] = cast.DESK_PHONE
    phones[cast.MARIA] = cast.maria(bridged, played.spoken)
    played.story.tell(Who.LINECARD, Who.LINECARD, "POST /api/calls", Tone.NOTE)
    order = {
        "from": cast.HOTEL,
        "to": cast.CUSTOMER,
        "agent": "concierge",
        "record": True,
        "metadata": {
            "guest": "Ms Okafor",
            "humans": [cast.DESK, cast.MARIA],
            "mode": "warm" if stage.facts.warm else "cold",
        },
    }
    placed = await stage.ask("POST", "/calls", order)
    call = await played.until_settled(placed["id"])
    leg = next((str(entry.call) for _, entry in played.entries(What.DIALLED)), "")
    return await collect(played, call, leg, cast.CUSTOMER)


def digits_pressed(evidence: Evidence) -> Seen:
    """Every key was pressed, in its order, and the agent repeated them all as notes."""
    return sound_checks.repeated(evidence, script.BOOKING, script.BOOKING_BEEPS)


def came_back(evidence: Evidence) -> Seen:
    """The first transfer ended as busy, and the customer was with the agent again, or still."""
    results = [
        event["facts"].get("result")
        for event in evidence.call["events"]
        if event["name"] == "transfer-reported"
    ]
    streams = len(evidence.entries(What.STREAM_OPENED))
    wanted = 1 if evidence.scene.stage.facts.consults else 2
    first = results[0] if results else "no result"
    return first == "busy" and streams == wanted, f"{first}, streams: {streams}"


def documents_fetched(evidence: Evidence) -> Seen:
    """The carrier asked whom to ring: each time, or only for the one who had answered by then."""
    found = len(evidence.webhooks(Kind.TRANSFER)) + len(evidence.webhooks(Kind.DIAL))
    wanted = 1 if evidence.scene.stage.facts.consults else 2
    return found >= wanted, f"{found} ×"


def both_results(evidence: Evidence) -> Seen:
    """Busy first, then connected."""
    told = {event["name"]: event["facts"] for event in evidence.call["events"]}
    bridged = any(
        event["name"] == "leg-answered" and event["facts"].get("bridged")
        for event in evidence.call["events"]
    )
    return "transfer-reported" in told and bridged, f"connected: {'yes' if bridged else 'no'}"


def _reports_ringing(facts: Facts) -> bool:
    return facts.reports_ringing


def talked(evidence: Evidence) -> Seen:
    """Each heard the other's words whole."""
    humans = evidence.scene.stage.carrier.phones.handsets(cast.MARIA)
    if evidence.phone is None or not humans:
        return False, "the human was never reached"
    at_customer = place_of(by_human(script.HUMAN_HELLO), evidence.phone.heard) is not None
    at_human = place_of(by_customer(script.CUSTOMER_REQUEST), humans[-1].heard) is not None
    return (
        at_customer and at_human,
        "both, sample for sample" if at_customer and at_human else "not both",
    )


def dialled_once(evidence: Evidence) -> Seen:
    """The carrier rang each person exactly once."""
    ledger = evidence.scene.stage.carrier.ledger
    counts = [ledger.dials(number) for number in (cast.CUSTOMER, cast.DESK, cast.MARIA)]
    return counts == [1, 1, 1], ", ".join(f"{count} ×" for count in counts)


EXPECTED: tuple[Expected, ...] = (
    Expected("the phone rang", wrote(What.RINGING)),
    Expected("ringing is on our record", recorded("call-ringing"), _reports_ringing),
    Expected("answer webhook got its document", webhook(Kind.ANSWER)),
    Expected("media socket opened", wrote(What.STREAM_OPENED)),
    Expected("recording started", wrote(What.RECORDING_STARTED)),
    Expected("recording is on our record", recorded("recording-planned")),
    Expected("stream callbacks arrived", webhook(Kind.STREAM), lambda facts: facts.reports_streams),
    Expected("barge-in silenced the phone", sound_checks.silenced),
    Expected("the agent heard the customer, sample for sample", sound_checks.interruption_heard),
    Expected("the customer heard the agent, sample for sample", sound_checks.heard_as_played),
    Expected("digits reached the agent", digits_pressed),
    Expected("transfer to a busy desk brought the customer back", came_back),
    Expected("transfer documents fetched", documents_fetched),
    Expected("one agent carried the whole call", one_agent),
    Expected("transfer to a human connected both", wrote(What.BRIDGED)),
    Expected("customer and human heard each other", talked),
    Expected("callbacks of the human's leg arrived", webhook(Kind.LEG)),
    Expected("both transfers' results are on our record", both_results),
    Expected("the agent left", recorded("agent-finished")),
    Expected("nobody was dialled twice", dialled_once),
    *AT_THE_END,
)
