"""Our verbs as TwiML, built as a tree and never by string."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from linecard import (
    Call,
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
from linecard_twilio.failures import NAME
from linecard_twilio.legs import Leg, Rung, for_leg
from linecard_twilio.options import OURS, TwilioOptions, read_options
from linecard_twilio.overrides import for_callback, for_document

LARGEST_DOCUMENT = 64 * 1024
NOT_IN_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
NOT_IN_ADDRESS = re.compile(r"[^!-~]")
CALL_EVENTS = "initiated ringing answered completed"
ROOM_EVENTS = "start end join leave"
RECORDING_EVENTS = "in-progress completed absent"
Attributes = Mapping[str, str | int | None]


@dataclass(frozen=True, slots=True)
class Setting:
    """What a document takes from its call."""

    call_id: str
    options: TwilioOptions


def setting_of(call: Call | None) -> Setting:
    """That of a call; of no call where the number is not ours."""
    return Setting(call.id if call else "", read_options(call.options if call else {}))


def write(verbs: Sequence[Verb], setting: Setting) -> Reply:
    """The document. Raises UnsupportedByProvider for a verb without an element, InvalidField over 64 KB."""
    root = Element("Response")
    for verb, behind in _with_tails(verbs):
        if isinstance(verb, Stream):
            _connect(root, verb, behind, setting)
        else:
            _add(root, verb, setting)
    body = tostring(root, encoding="utf-8", xml_declaration=True)
    if len(body) > LARGEST_DOCUMENT:
        raise InvalidField("verbs", f"the document has {len(body)} bytes; Twilio takes 65,536")
    return Reply(body=body, content_type="application/xml")


def _with_tails(verbs: Sequence[Verb]) -> list[tuple[Verb, Redirect | None]]:
    """Each verb; a redirect right behind a stream goes with the stream."""
    paired: list[tuple[Verb, Redirect | None]] = []
    for verb in verbs:
        if isinstance(verb, Redirect) and paired and _takes_tail(*paired[-1]):
            paired[-1] = (paired[-1][0], verb)
        else:
            paired.append((verb, None))
    return paired


def _takes_tail(verb: Verb, tail: Redirect | None) -> bool:
    return isinstance(verb, Stream) and tail is None


def _add(parent: Element, verb: Verb, setting: Setting) -> None:
    writer = WRITERS.get(type(verb))
    if writer is None:
        raise UnsupportedByProvider(NAME, f"the verb {type(verb).__name__.lower()}")
    writer(parent, verb, setting)


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
        raise InvalidField("url", f"{url!r} is not an address that Twilio can be given")
    return url


def _document(url: str) -> str:
    return _address(for_document(url))


def _callback(url: str) -> str:
    return _address(for_callback(url))


def _connect(parent: Element, verb: Stream, tail: Redirect | None, setting: Setting) -> None:
    """The tail is the action of Connect: asked when the stream has ended, however it ended."""
    action = {"action": _document(tail.url), "method": "POST"} if tail else {}
    connect = _element(parent, "Connect", action)
    stream = _element(
        connect,
        "Stream",
        {
            "url": _socket(verb.url),
            "statusCallback": _address(verb.status_url),
            "statusCallbackMethod": "POST",
        },
    )
    named = {OURS: setting.call_id} if setting.call_id else {}
    for name, value in {**read_options(verb.options).stream_parameters, **named}.items():
        _element(stream, "Parameter", {"name": name, "value": value})


def _socket(url: str) -> str:
    """Twilio drops a query from a stream's address, and whatever secret stands in it."""
    if "?" in url:
        raise InvalidField("url", "Twilio takes no query in the address of a stream")
    return _address(url)


def _record(parent: Element, verb: Record, setting: Setting) -> None:
    """From here on, in the background. It ends with the call: there is no longest length."""
    attributes: Attributes = {
        "channels": setting.options.recording_channels,
        "trim": "do-not-trim",
        "recordingStatusCallback": _callback(verb.callback_url),
        "recordingStatusCallbackMethod": "POST",
        "recordingStatusCallbackEvent": RECORDING_EVENTS,
    }
    _element(_element(parent, "Start", {}), "Recording", attributes)


def _dial(parent: Element, verb: Dial, _setting: Setting) -> None:
    if verb.accept_key and not verb.whisper_url:
        raise UnsupportedByProvider(NAME, "an accept key without a word before it")
    dial = _element(parent, "Dial", {**_after(verb), **_limits(verb)})
    for position, target in enumerate(verb.targets, start=1):
        _target(dial, verb, target, position)


def _after(verb: Dial | Conference) -> Attributes:
    action = {"action": _document(verb.action_url), "method": "POST"} if verb.action_url else {}
    return {**action, "timeLimit": verb.max_seconds}


def _limits(verb: Dial) -> Attributes:
    return {"timeout": verb.ring_seconds, "callerId": verb.caller_id}


def _target(dial: Element, verb: Dial, target: Cleared, position: int) -> None:
    leg = Leg(Rung.WHISPER if verb.whisper_url else Rung.DIAL, position)
    attributes: Attributes = {
        "url": _document(for_leg(verb.whisper_url, leg)) if verb.whisper_url else None,
        "method": "POST" if verb.whisper_url else None,
        "statusCallback": _callback(for_leg(verb.callback_url, leg)),
        "statusCallbackMethod": "POST",
        "statusCallbackEvent": CALL_EVENTS,
    }
    _element(dial, "Sip" if target.is_sip else "Number", attributes, target.address)


def _conference(parent: Element, verb: Conference, _setting: Setting) -> None:
    """A room that nobody hears of: without music, without a beep, over when one of the two leaves."""
    attributes: Attributes = {
        "beep": "false",
        "waitUrl": "",
        "startConferenceOnEnter": "true",
        "endConferenceOnExit": "true",
        "participantLabel": verb.label,
        "statusCallback": _callback(verb.callback_url),
        "statusCallbackMethod": "POST",
        "statusCallbackEvent": ROOM_EVENTS,
    }
    _element(_element(parent, "Dial", _after(verb)), "Conference", attributes, verb.room)


def _say(parent: Element, verb: Say, _setting: Setting) -> None:
    _element(parent, "Say", {"voice": verb.voice, "language": verb.language}, verb.text)


def _play(parent: Element, verb: Play, _setting: Setting) -> None:
    _element(parent, "Play", {"loop": verb.loop}, _address(verb.url))


def _press(parent: Element, verb: Press, _setting: Setting) -> None:
    _element(parent, "Play", {"digits": verb.digits})


def _gather(parent: Element, verb: Gather, setting: Setting) -> None:
    """Twilio asks once: a second try is a second element. Which keys count, core sees from the digits."""
    attributes: Attributes = {
        "input": "dtmf",
        "action": _document(verb.action_url),
        "method": "POST",
        "timeout": verb.seconds,
        "numDigits": verb.digits,
        "finishOnKey": verb.finish_on,
    }
    for _ in range(verb.tries):
        gather = _element(parent, "Gather", attributes)
        for prompt in verb.prompts:
            _add(gather, prompt, setting)


def _pause(parent: Element, verb: Pause, _setting: Setting) -> None:
    _element(parent, "Pause", {"length": verb.seconds})


def _redirect(parent: Element, verb: Redirect, _setting: Setting) -> None:
    _element(parent, "Redirect", {"method": "POST"}, _document(verb.url))


def _hangup(parent: Element, _verb: Hangup, _setting: Setting) -> None:
    _element(parent, "Hangup", {})


def _reject(parent: Element, verb: Reject, _setting: Setting) -> None:
    """Only the first verb of an answer is a refusal: then the call was never answered, nor billed."""
    _element(parent, "Reject", {"reason": "busy" if verb.busy else "rejected"})


WRITERS: Mapping[type[Verb], Callable[[Element, Any, Setting], None]] = MappingProxyType(
    {
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
