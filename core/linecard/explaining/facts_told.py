"""Lines whose words depend on their facts; each gives the template that its line is told with."""

from __future__ import annotations

from collections.abc import Mapping

from linecard.explaining.record import number_of
from linecard.explaining.words import NOT_SAID, clean, times, without_braces

Facts = Mapping[str, object]

WHO_RECORDS: Mapping[tuple[str, str], str] = {
    ("linecard", "live"): "asked for by API once the call is answered",
    ("linecard", "document"): "asked for in the document that answers the call",
    ("linecard", "dial"): "asked for with the dial",
    ("linecard", "consent"): "asked for once the caller has agreed",
    ("carrier", "theirs"): "the carrier's own side decides; nothing is asked for",
}
ANSWERS: Mapping[str, str] = {
    "accepted": "pressed the key that was asked for",
    "refused": "pressed another key",
    "silent": "pressed no key",
}
THEIR_FILE: Mapping[str, str] = {
    "deleted": "the carrier's file is deleted too",
    "gone": "the carrier had the file no more",
    "stays": "the carrier's file stays: it cannot be asked to delete it",
}
ENDED_BY: Mapping[str, str] = {
    "caller": "by the caller",
    "callee": "by the side that was called",
    "carrier": "by the carrier",
    "us": "by our side",
    "error": "by a fault",
}


DONE: Mapping[str, str] = {
    "agent": "connect the caller with an agent",
    "menu": "ask the caller by a menu",
    "redirect": "send the caller on",
    "busy": "give the caller the busy tone",
    "refuse": "refuse the call",
    "hang-up": "end the call",
}


def routed(facts: Facts) -> str:
    """What was decided for a call that came in, and why."""
    done = DONE.get(str(facts.get("do")), "do: {do}")
    return f"It was decided to {done}[, {{agent}}][, to {{to}}]: {{reason}}."


def leg_ended(facts: Facts) -> str:
    """The end of a leg as the carrier reports it."""
    by = ENDED_BY.get(str(facts.get("ended_by", "")), "")
    said = "{leg} ended: {status}[ ({reason})][, code {code}]"
    return f"{said}{by and f', {by}'}[, after {{duration}} s][, ${{cost}}]."


def leg_answered(facts: Facts) -> str:
    """A target has answered, is asked something, or has the caller."""
    if facts.get("bridged"):
        return "{leg} and the caller were connected."
    if facts.get("ready"):
        return "{leg} answered."
    return "{leg} answered, and is told who is coming or asked for a key first."


def agent_finished(facts: Facts) -> str:
    """How the agent's own work ended."""
    return {
        "completed": "The agent was done.",
        "agent_error": "The agent failed.",
    }.get(str(facts.get("reason")), "The agent was done: {reason}.")


def answer_requested(facts: Facts) -> str:
    """Numbers are told elsewhere."""
    return (
        "The carrier asked what to do with the call[; who answered was judged to be: {machine}]."
        if facts.get("answers")
        else "The carrier asked what to do with the call, which our reply alone did not answer."
    )


def recording_planned(facts: Facts) -> str:
    """Who is to record the call."""
    how = WHO_RECORDS.get((str(facts.get("by")), str(facts.get("when"))))
    return f"The call was to be recorded: {how or 'by {by}, {when}'}."


def recording_deleted(facts: Facts) -> str:
    """Both files, ours and theirs."""
    ours = "our copy was deleted" if facts.get("ours") else "we had no copy"
    theirs = THEIR_FILE.get(str(facts.get("carriers")), "of the carrier's file: {carriers}")
    return f"Recording {{n}}: {ours}; {theirs}."


def transfer_asked(facts: Facts) -> str:
    """How many are rung, and how."""
    one = facts.get("targets") == 1
    order = (
        "" if one else " together" if facts.get("order") == "together" else " one after the other"
    )
    asks = "; they hear something or are asked for a key first" if facts.get("asks") else ""
    whom = "one target" if one else "{targets} targets"
    return f"A {{mode}} transfer was asked for: {whom}{order}{asks}."


def target_answer(facts: Facts) -> str:
    """What a target did when it was asked for the key."""
    return f"{{leg}} {ANSWERS.get(str(facts.get('answer')), 'answered: {answer}')}."


def stream_ended(facts: Facts) -> str:
    """The end of a stream with what was counted on it."""
    said = "The stream ended: {reason}[; {frames_in} messages of audio came and {frames_out} went]"
    counted = [
        f"{words} {times(number_of(facts[name]))}"
        for name, words in FIGURES.items()
        if facts.get(name)
    ]
    counted += [
        f"{words}: {_counts(facts[name])}" for name, words in COUNTS.items() if facts.get(name)
    ]
    return f"{said}{''.join(f'; {one}' for one in counted)}."


FIGURES: Mapping[str, str] = {
    "underruns": "our side sent too late",
    "starved": "the agent sent too late",
    "gaps": "something was missing in what came",
}
COUNTS: Mapping[str, str] = {
    "dropped": "messages of the carrier that could not be used",
    "unsent_ms": "milliseconds of the agent's audio that were never sent",
}


def _counts(value: object) -> str:
    """`3 (stale mark 2, the reader failed 1)`."""
    if not isinstance(value, Mapping):
        return NOT_SAID
    total = sum(number_of(count) for count in value.values())
    named = ", ".join(f"{clean(name)} {number_of(count)}" for name, count in value.items())
    return without_braces(f"{total} ({named})")
