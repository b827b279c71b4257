"""Our verbs as Plivo XML, built as a tree and never by string."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from linecard import (
    Cleared,
    Conference,
    Dial,
    Gather,
    Hangup,
    InvalidField,
    Pause,
    Play,
    Press,
    Record,
    Redirect,
    Reject,
    Reply,
    Say,
    Stream,
    UnsupportedByProvider,
    Verb,
)
from linecard_plivo.e164 import write_number
from linecard_plivo.facts import CONTENT_TYPES
from linecard_plivo.legs import CALLER, for_leg
from linecard_plivo.options import PlivoOptions, read_options
from linecard_plivo.overrides import for_callback, for_document
from linecard_plivo.voices import pick_voice

LARGEST_DOCUMENT = 100 * 1024
STREAM_SECONDS = 86_400
NOT_IN_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
NOT_IN_ADDRESS = re.compile(r"[^!-~]")
Attributes = Mapping[str, str | int | None]


def write(verbs: Sequence[Verb], options: PlivoOptions) -> Reply:
    """The document. Raises UnsupportedByProvider for a verb without an element, InvalidField over 100 KB."""
    root = Element("Response")
    for verb in verbs:
        _add(root, verb, options)
    body = tostring(root, encoding="utf-8", xml_declaration=True)
    if len(body) > LARGEST_DOCUMENT:
        raise InvalidField("verbs", f"the document has {len(body)} bytes; Plivo takes 102,400")
    return Reply(body=body, content_type="application/xml")


def _add(parent: Element, verb: Verb, options: PlivoOptions) -> None:
    writer = WRITERS.get(type(verb))
    if writer is None:
        raise UnsupportedByProvider("plivo", f"the verb {type(verb).__name__.lower()}")
    writer(parent, verb, options)


def _element(parent: Element, name: str, attributes: Attributes, text: str = "") -> Element:
    child = SubElement(parent, name)
    for key, value in attributes.items():
        if value is not None:
            child.set(key, _clean(str(value)))
    child.text = _clean(text) or None
    return child


def _clean(text: str) -> str:
    """The text without what XML 1.0 cannot hold; line ends as a parser would give them back."""
    return NOT_IN_XML.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _address(url: str) -> str:
    """An address as it stands. Raises InvalidField when it is not printable ASCII: never mended silently."""
    if not url or NOT_IN_ADDRESS.search(url):
        raise InvalidField("url", f"{url!r} is not an address that Plivo can be given")
    return url


def _stream(parent: Element, verb: Stream, _options: PlivoOptions) -> None:
    inbound = verb.profile.format.inbound
    asked = read_options(verb.options)
    attributes: Attributes = {
        "bidirectional": "true",
        "keepCallAlive": "true",
        "streamTimeout": STREAM_SECONDS,
        "contentType": f"{CONTENT_TYPES[inbound.encoding]};rate={inbound.rate}",
        "statusCallbackUrl": _address(verb.status_url),
        "statusCallbackMethod": "POST",
        "noiseCancellation": "true" if asked.noise_cancellation else None,
        "noiseCancellationLevel": (
            asked.noise_cancellation_level if asked.noise_cancellation else None
        ),
    }
    _element(parent, "Stream", attributes, _address(verb.url))


def _record(parent: Element, verb: Record, options: PlivoOptions) -> None:
    attributes: Attributes = {
        "recordSession": "true",
        "redirect": "false",
        "playBeep": "false",
        "maxLength": verb.max_seconds,
        "fileFormat": options.recording_format,
        "recordChannelType": options.channel_type,
        "callbackUrl": _address(for_callback(verb.callback_url)),
        "callbackMethod": "POST",
    }
    _element(parent, "Record", attributes)


def _dial(parent: Element, verb: Dial, _options: PlivoOptions) -> None:
    whisper = verb.whisper_url and _address(for_document(verb.whisper_url))
    attributes: Attributes = {
        "action": _address(for_document(verb.action_url)),
        "method": "POST",
        "redirect": "true",
        "callbackUrl": _address(for_callback(verb.callback_url)),
        "callbackMethod": "POST",
        "callerId": write_number(verb.caller_id),
        "timeout": verb.ring_seconds,
        "timeLimit": verb.max_seconds,
        "confirmSound": whisper,
        "confirmKey": verb.accept_key,
        "confirmTimeout": verb.accept_seconds if verb.accept_key else None,
    }
    dial = _element(parent, "Dial", attributes)
    for target in verb.targets:
        _target(dial, target)


def _target(dial: Element, target: Cleared) -> None:
    _element(dial, "User" if target.is_sip else "Number", {}, write_number(target.address))


def _conference(parent: Element, verb: Conference, _options: PlivoOptions) -> None:
    """A room that nobody hears of: no music, no beep, over when one of the two leaves."""
    action = {"action": _address(for_document(verb.action_url))} if verb.action_url else {}
    told = verb.callback_url
    told = told if verb.label == CALLER else for_leg(told, verb.label)
    attributes: Attributes = {
        "startConferenceOnEnter": "true",
        "endConferenceOnExit": "true",
        "maxMembers": 2,
        "timeLimit": verb.max_seconds,
        **action,
        "method": "POST" if action else None,
        "redirect": "true" if action else None,
        "callbackUrl": _address(for_callback(told)),
        "callbackMethod": "POST",
    }
    _element(parent, "Conference", attributes, verb.room)


def _say(parent: Element, verb: Say, _options: PlivoOptions) -> None:
    voice = pick_voice(verb.language, verb.voice)
    _element(parent, "Speak", {"voice": voice, "language": verb.language}, verb.text)


def _play(parent: Element, verb: Play, _options: PlivoOptions) -> None:
    _element(parent, "Play", {"loop": verb.loop}, _address(verb.url))


def _press(parent: Element, verb: Press, _options: PlivoOptions) -> None:
    """What follows waits until they are pressed."""
    _element(parent, "DTMF", {"async": "false"}, verb.digits)


def _gather(parent: Element, verb: Gather, options: PlivoOptions) -> None:
    attributes: Attributes = {
        "action": _address(for_document(verb.action_url)),
        "method": "POST",
        "redirect": "true",
        "timeout": verb.seconds,
        "numDigits": verb.digits,
        "retries": verb.tries,
        "finishOnKey": verb.finish_on or "none",
        "validDigits": verb.valid,
    }
    gather = _element(parent, "GetDigits", attributes)
    for prompt in verb.prompts:
        _add(gather, prompt, options)


def _pause(parent: Element, verb: Pause, _options: PlivoOptions) -> None:
    _element(parent, "Wait", {"length": verb.seconds})


def _redirect(parent: Element, verb: Redirect, _options: PlivoOptions) -> None:
    _element(parent, "Redirect", {"method": "POST"}, _address(for_document(verb.url)))


def _hangup(parent: Element, _verb: Hangup, _options: PlivoOptions) -> None:
    _element(parent, "Hangup", {})


def _reject(parent: Element, verb: Reject, _options: PlivoOptions) -> None:
    """Only the first element of an answer is a refusal: then the call was never answered."""
    _element(parent, "Hangup", {"reason": "busy" if verb.busy else "rejected"})


WRITERS: Mapping[type[Verb], Callable[[Element, Any, PlivoOptions], None]] = MappingProxyType(
    {
        Stream: _stream,
        Record: _record,
        Dial: _dial,
        Conference: _conference,
        Say: _say,
        Play: _play,
        Press: _press,
        Gather: _gather,
        Pause: _pause,
        Redirect: _redirect,
        Hangup: _hangup,
        Reject: _reject,
    }
)
