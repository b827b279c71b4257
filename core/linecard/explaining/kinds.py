"""Every kind of line that a call's record can have, in words: one table.

A template's `{name}` is a fact of the line, and a `[part]` falls away where a fact in it is missing. A
kind that the table does not know is shown as it stands, so that a plugin's own lines are told too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from linecard.explaining.ends import asked_because
from linecard.explaining.facts_told import (
    agent_finished,
    answer_requested,
    leg_answered,
    leg_ended,
    recording_deleted,
    recording_planned,
    routed,
    stream_ended,
    target_answer,
    transfer_asked,
)
from linecard.explaining.record import CALLER, ENDED, leg_of
from linecard.explaining.sentences import Sentence, Topic
from linecard.explaining.words import as_sentence, clean, fill, leg_words, without_braces
from linecard.store.timeline import Line

Facts = Mapping[str, object]
Words = str | Callable[[Facts], str]


@dataclass(frozen=True, slots=True)
class Kind:
    """What a kind of line is about, and its words."""

    topic: Topic
    words: Words


def hang_up_asked(facts: Facts) -> str:
    """Our own wish, and why."""
    because = asked_because(str(facts.get("reason", "")))
    return f"Our side asked the carrier to end the call: {without_braces(because)}."


def _of(topic: Topic, kinds: Mapping[str, Words]) -> dict[str, Kind]:
    return {name: Kind(topic, words) for name, words in kinds.items()}


CALL: Mapping[str, Words] = {
    "call-arrived": "The call came in[ for the agent {agent}].",
    "routed": routed,
    "redirect-refused": "The routing's redirect was not allowed: {reason}.",
    "arrival-confirmed": "The carrier was asked whether it has this call, and said: {found}.",
    "arrival-unconfirmed": "The carrier was asked whether it has this call, and has none: it was closed.",
    "intended": "The dial was written down[, agent {agent}].",
    "dial-queued": "The carrier took the dial and queued it.",
    "dial-dialing": "The carrier took the dial.",
    "dial-refused": "The carrier refused the dial: no call exists there.",
    "placement-unknown": "Nobody knows whether the carrier dialled: {reason}. It was not dialled again.",
    "placement-found": "The carrier was asked, and has exactly one call that fits: it is this one.",
    "digits-gathered": "Keys were taken by a document; which ones is not kept[ (transfer {transfer})].",
    "prompt-ended": "The caller had heard what was said to them.",
    "digits-sent": "Keys were pressed toward the far end: {count}, by {how}.",
    "opted-out": "The other side wants no more calls from us: its number is on the blocklist.",
}
ANSWER: Mapping[str, Words] = {
    "call-ringing": "It rang.",
    "call-answered": "It was answered.",
    "answer-requested": answer_requested,
    "machine-detected": "Who answered was judged to be: {kind}[ (the carrier's word: {raw})].",
}
AGENT: Mapping[str, Words] = {
    "agent-started": "The agent {agent} was started[ in the pod {pod}].",
    "agent-finished": agent_finished,
    "agent-missing": "The agent {agent} could not be started: {reason}.",
    "pod-allocated": "The pod {pod} was found for the call, in {ms} ms.",
    "pod-lost": "The pod {pod} was lost, with the agent in it: it ended, or did not answer any more.",
    "pod-unused": "No stream came to the pod {pod}, so it was given back.",
    "no-pod": "No pod was free for the call, so it was turned away: {reason}.",
    "apologised": "The caller was told that the call cannot go on.",
    "not-sayable": "The carrier cannot say what was to be said: {reason}.",
    "command-failed": "The command {command} to the carrier failed: {reason}[; undone: {undone}].",
}
AUDIO: Mapping[str, Words] = {
    "stream-started": "A stream opened, profile {profile}, {format}"
    "[; {asked} had been asked for, and what the stream says is believed].",
    "stream-ended": stream_ended,
    "stream-asked-again": "The stream was gone and the carrier was asked to open another.",
    "stream-reported": "The carrier says of its stream: {state}[, {reason}].",
    "stream-fault": "The carrier reported a fault on the stream: {reason}.",
    "stream-silent": "Nothing at all had come on the stream for {seconds} s; the agent was told.",
    "stream-renewed": "Nothing had come for {seconds} s, the carrier said the call is {carrier}, and the "
    "stream was closed so that a new one comes.",
    "lead-raised": "Audio was sent too late, so from here on {ms} ms are sent ahead.",
    "audio-doubtful": "The audio does not look like the codec that was declared: {reason}.",
    "enhanced": "Noise was taken out of what the caller said, by {by}: ready in {started_in_ms} ms, it adds "
    "{delay_ms} ms.",
    "enhancer-failed": "The noise stayed in, for {by} was not to be had or failed: {reason}.",
}
RECORDING: Mapping[str, Words] = {
    "recording-planned": recording_planned,
    "recording-start-asked": "A recording was asked for.",
    "recording-stop-asked": "The recording's stop was asked for.",
    "recording-pause-asked": "The recording's pause was asked for.",
    "recording-resume-asked": "The recording was to go on.",
    "recording-started": "A recording ran[, {channels} channels].",
    "recording-ready": "The carrier told where the recording's file is[, {duration_ms} ms long].",
    "recording-failed": "A recording came to nothing: {reason}.",
    "recording-stopped": "The recording was stopped[: {reason}].",
    "recording-paused": "The recording was paused.",
    "recording-resumed": "The recording went on.",
    "recording-start-refused": "The recording could not be started: {reason}.",
    "recording-stop-refused": "The recording could not be stopped: {reason}.",
    "recording-pause-refused": "The recording could not be paused: {reason}.",
    "recording-resume-refused": "The recording did not go on: {reason}.",
    "recording-resume-failed": "The recording did not go on after its pause, and is tried no more.",
    "recording-stop-failed": "The recording could not be stopped for the human, and is tried no more.",
    "recording-ended-by-transfer": "The transfer ended the recording.",
    "recording-external": "The file of recording {n} is in a storage of your own, on {host}.",
    "consent-asked": "The caller was told of the recording, or asked.",
    "consent-given": "The caller may be recorded: {how}.",
    "consent-refused": "The caller may not be recorded: {reason}; then: {then}.",
    "recording-kept": "Recording {n} was fetched whole into our own storage, {bytes} bytes.",
    "recording-odd": "The file of recording {n} was to be fetched again: {reason}.",
    "recording-doubtful": "Recording {n} may not be whole: {reason}; it came so {fetches} times, and was "
    "kept as it is.",
    "recording-not-kept": "Recording {n} could not be fetched, and is tried no more: {reason}.",
    "recording-delete-asked": "Recording {n} was to be deleted.",
    "recording-expired": "Recording {n} was to be deleted, {days} days after its file was told.",
    "recording-deleted": recording_deleted,
    "recording-not-deleted": "Recording {n} could not be deleted everywhere, and is tried no more: {reason}.",
}
TRANSFER: Mapping[str, Words] = {
    "transfer-asked": transfer_asked,
    "transfer-not-begun": "A transfer was asked for and not begun: {reason}.",
    "transfer-refused": "The carrier refused the transfer: {reason}.",
    "transfer-answer": target_answer,
    "transfer-next": "The next one was rung: {leg}.",
    "transfer-joining": "{leg} was ready, and the caller was sent there.",
    "transfer-reported": "The transfer ended: {result}.",
    "transfer-unreported": "Nobody had reported on the transfer for too long (it stood at {state}): it was "
    "settled by what is known.",
    "leg-answered": leg_answered,
    "caller-sent-back": "Whom the caller was sent to had gone: the caller was sent back to the agent.",
    "target-refused": "{leg} could not be rung: {reason}.",
    "target-not-released": "Somebody who was rung for the caller could not be let go at once: it was tried again.",
    "release-failed": "Every try to let go somebody who was rung for the caller failed, and it is tried no more.",
}
END: Mapping[str, Words] = {
    "leg-ended": leg_ended,
    "hang-up-asked": hang_up_asked,
    "hang-up-failed": "Every try to end the call failed, and it is tried no more.",
    "hang-up-must-wait": "The carrier cannot end a call that is {status}: it was ended at its next request.",
}
ODD: Mapping[str, Words] = {
    "unrecognised": "The carrier sent something that is not known, and it was kept: {name}.",
    "requests-refused": "Refused requests at addresses of this call: {times}, because {reason}.",
    "sockets-refused": "Refused media sockets of this call: {times}, because {reason}.",
    "sockets-unopened": "Media sockets on which no stream opened: {times}, because {reason}.",
}
TOLD: Mapping[str, Words] = {
    "notifications-ended": "The receiver of notifications wants no more of this call: {reason}.",
}
PRICE: Mapping[str, Words] = {
    "call-rated": "The carrier priced [{leg} ]at[ ${cost}][ ({price} {currency})].",
    "cost-unknown": "The carrier was asked {tries} times for the price and told none.",
}

KINDS: Mapping[str, Kind] = MappingProxyType(
    _of(Topic.CALL, CALL)
    | _of(Topic.ANSWER, ANSWER)
    | _of(Topic.AGENT, AGENT)
    | _of(Topic.AUDIO, AUDIO)
    | _of(Topic.RECORDING, RECORDING)
    | _of(Topic.TRANSFER, TRANSFER)
    | _of(Topic.END, END)
    | _of(Topic.ODD, ODD)
    | _of(Topic.TOLD, TOLD)
    | _of(Topic.PRICE, PRICE)
)
"""Every kind that the core writes; a test holds the two together."""


def told(line: Line) -> Sentence:
    """A line of the record in words."""
    kind = KINDS.get(line.name)
    if kind is None:
        return Sentence(Topic.ODD, _as_it_stands(line), line.at)
    words = kind.words if isinstance(kind.words, str) else kind.words(line.facts)
    leg = leg_of(line)
    facts = {**line.facts, "leg": leg_words(leg)}
    topic = Topic.TRANSFER if line.name == ENDED and leg != CALLER else kind.topic
    return Sentence(topic, as_sentence(fill(words, facts)), line.at)


def _as_it_stands(line: Line) -> str:
    facts = ", ".join(f"{clean(name)} {clean(value)}" for name, value in line.facts.items())
    return f"{clean(line.name)}{facts and f': {clean(facts)}'}."
