"""What a person can do about a call that did not go as it should: tables by what is on record."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from urllib.parse import urlsplit

from linecard.calls import CallStatus, Direction
from linecard.explaining.record import STREAM_ENDED, STREAM_STARTED, Record, number_of
from linecard.explaining.words import clean, fill

NEVER_OPENED = "the stream never opened"
UNREACHED = (
    "The stream never opened: the carrier could not reach {wss}: check that the proxy in front passes "
    "WebSocket upgrades there, and that LINECARD_PUBLIC_URL is the address the carrier sees."
)

PERHAPS_UNREACHED = (
    "No stream opened before the end. Where that is so in every call, the carrier cannot reach {wss}: check "
    "the proxy in front, and LINECARD_PUBLIC_URL."
)

BY_END: Mapping[str, str] = MappingProxyType(
    {
        NEVER_OPENED: UNREACHED,
        "agent_error": "The agent {agent} failed: its traceback is in the server's log, in the line with "
        "call={call}.",
        "pod_lost": "The pod of the agent {agent} ended, or stood still: an agent that calls os._exit, that blocks "
        "the event loop or that takes too much memory loses its call. The server's log says how the pod ended.",
        "no audio stream": "Look in the proxy's log for the socket to {wss} that was cut: sockets must live "
        "as long as a call, an hour and more.",
        "no audio arrived": "Audio stopped on a socket that stayed open: look at the network and at the proxy "
        "between the carrier and {wss}.",
        "the server is stopping": "Give a stop more time: --drain-seconds is how long it waits for live calls.",
        "the carrier knows no such call": "Somebody else asked at an address of the number: 'linecard numbers "
        "rotate' makes a new proof for it.",
        "the carrier never reported an end and knows the call no more": "No report of the carrier has reached "
        "{public}: check that it can be reached from outside.",
        "unknown: the carrier never said whether it placed the call": "Look at the carrier's own list of calls "
        "for one to this number at that time, before anybody calls again.",
    }
)
"""By the reason of the end."""

BY_LINE: Mapping[str, str] = MappingProxyType(
    {
        "agent-missing": "No agent {agent} can be started here: start the server with --agent "
        "{agent}=module:function, or give the number another agent.",
        "requests-refused": "Requests for this call were refused: {reason}. Where the signature does not fit, "
        "LINECARD_PUBLIC_URL must be exactly the address the carrier uses, and the account's secret the "
        "carrier's own; the log names an address that would fit.",
        "sockets-refused": "Media sockets for this call were refused: {reason}. Where the signature does not "
        "fit, LINECARD_PUBLIC_URL must be exactly the address the carrier uses.",
        "no-pod": "All pods were taken: {reason}. Give the server more (--pods), or a larger fleet.",
        "not-sayable": "The carrier does not offer it: {reason}. 'linecard providers' shows what each can do.",
        "redirect-refused": "The routing sends callers where the gate lets nobody go: {reason}. Change the "
        "number's routing, or LINECARD_TRANSFER_ALLOW and LINECARD_ALLOWED_COUNTRIES.",
        "transfer-not-begun": "A transfer was not begun: {reason}. 'linecard providers' shows what each "
        "carrier can do; LINECARD_TRANSFER_ALLOW says whom callers may be sent to.",
        "recording-failed": "There may be no recording: {reason}. See that recording is allowed on the "
        "account {account}.",
        "recording-not-kept": "Recording {n} is not in our storage: fetch it by "
        "/api/calls/{call}/recordings/{n} while the carrier has it.",
        "recording-doubtful": "Hear recording {n}, beside the file that the account {account} has: {reason}.",
        "recording-not-deleted": "Delete what is left of recording {n} by hand: {reason}.",
        "hang-up-failed": "End the call by hand in the carrier's console: it may go on costing.",
        "release-failed": "See at the carrier whether somebody is still being rung, and end that leg.",
        "command-failed": "See why the carrier did not do it: {reason}.",
        "audio-doubtful": "Choose another stream profile for the number: what comes is not what was declared.",
        "enhancer-failed": "The caller was heard with the noise, since {by} failed: {reason}. "
        "docs/noise.md says what each enhancer needs.",
        "notifications-ended": "The receiver answered that it wants no more; change the number's notify "
        "address where that is wrong.",
        "cost-unknown": "The price has to be read at the carrier.",
    }
)
"""By a line of the record, with its facts."""

Rule = Callable[[Record], str | None]


def advice(record: Record) -> tuple[str, ...]:
    """What can be done, each thing once; empty where there is nothing."""
    return tuple(
        dict.fromkeys([*_by_end(record), *_by_code(record), *_by_line(record), *_by_rule(record)])
    )


def _by_end(record: Record) -> Iterator[str]:
    words = BY_END.get(record.call.end_reason or record.call.closing or "")
    if words:
        yield fill(words, _about(record))


def _by_code(record: Record) -> Iterator[str]:
    """What the carrier's own plugin knows of its codes."""
    for code in record.codes:
        if code in record.advice:
            yield fill(f"Code {clean(code)}: {record.advice[code]}", _about(record))


def _by_line(record: Record) -> Iterator[str]:
    for line in record.lines:
        if line.name in BY_LINE:
            yield fill(BY_LINE[line.name], _about(record) | dict(line.facts))


def _by_rule(record: Record) -> Iterator[str]:
    for rule in RULES:
        words = rule(record)
        if words:
            yield fill(words, _about(record))


def _about(record: Record) -> dict[str, object]:
    """What every advice may name."""
    place = urlsplit(record.public_url)
    socket = "wss" if place.scheme == "https" else "ws"
    return {
        "wss": f"{socket}://{place.netloc}",
        "public": record.public_url,
        "call": record.call.id,
        "agent": record.call.agent,
        "account": f"{record.call.provider}:{record.call.account}",
    }


def _no_stream(record: Record) -> str | None:
    call = record.call
    if (
        call.end_reason == NEVER_OPENED
        or record.has(STREAM_STARTED)
        or record.has("sockets-refused")
    ):
        return None
    if not (call.agent and call.answered_at and call.is_over):
        return None
    failed = [
        line for line in record.named("stream-reported") if line.facts.get("state") == "failed"
    ]
    lost = failed or record.has("apologised") or record.has("stream-asked-again")
    return UNREACHED if lost else PERHAPS_UNREACHED


def _silent_carrier(record: Record) -> str | None:
    """Dialled, and never asked for an answer: found over, or nobody knows."""
    call = record.call
    never = not record.has("answer-requested") and not record.has(STREAM_STARTED)
    if call.direction is Direction.INBOUND or not never or call.status is not CallStatus.COMPLETED:
        return None
    return (
        "The carrier never asked for the answer: check that {public} can be reached from outside."
    )


def _at_risk(record: Record) -> str | None:
    if record.at_risk_seconds is None or record.call.is_over:
        return None
    return (
        "See at the carrier whether the call still goes on, and end it there: it may go on costing."
    )


def _unknown_placement(record: Record) -> str | None:
    if record.call.status is not CallStatus.UNKNOWN:
        return None
    return (
        "Do not dial again before the carrier's own list of calls shows that there is none: "
        "a late report or a look-up settles this by itself."
    )


def _too_late(record: Record) -> str | None:
    late = sum(number_of(line.facts.get("underruns")) for line in record.named(STREAM_ENDED))
    if late < MANY_UNDERRUNS:
        return None
    return (
        "Our side sent audio too late: give the server more processor, or take fewer calls on it."
    )


def _agent_too_late(record: Record) -> str | None:
    late = sum(number_of(line.facts.get("starved")) for line in record.named(STREAM_ENDED))
    if late < MANY_STARVED:
        return None
    return "The agent {agent} gave its audio too late within speech: let it send ahead of time."


def _dead_letters(record: Record) -> str | None:
    if not record.told.get("dead"):
        return None
    return "Notifications could not be delivered: 'linecard notifications list' says why, 'retry' repeats them."


def _unsupported(record: Record) -> str | None:
    reason = record.call.end_reason or ""
    if " does not support " not in reason:
        return None
    return "The carrier cannot do what was asked: 'linecard providers' shows what each can do."


MANY_UNDERRUNS, MANY_STARVED = 3, 20
RULES: tuple[Rule, ...] = (
    _no_stream,
    _silent_carrier,
    _unknown_placement,
    _at_risk,
    _too_late,
    _agent_too_late,
    _dead_letters,
    _unsupported,
)
