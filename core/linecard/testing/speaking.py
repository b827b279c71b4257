"""One example of every verb, and for each of its fields two values that a document must tell apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from linecard.testing.bench import PUBLIC_URL, SOCKET_URL, Bench
from linecard.verbs import (
    Conference,
    Dial,
    Gather,
    Hangup,
    Pause,
    Play,
    Press,
    Record,
    Redirect,
    Reject,
    Ring,
    Say,
    Stream,
    Verb,
)
from linecard.webhook import Kind

TARGET, SECOND_TARGET, SIP_TARGET = "+14155550177", "+14155550178", "sip:desk@cc.example.com"
SOUND = f"{PUBLIC_URL}/sounds/hold.wav?x=1&y=%3Ctwo%3E"
VERBS: tuple[type[Verb], ...] = (
    Stream,
    Record,
    Dial,
    Conference,
    Say,
    Play,
    Press,
    Gather,
    Pause,
    Ring,
    Hangup,
    Reject,
    Redirect,
)


def address(bench: Bench, kind: Kind, reference: str = "") -> str:
    """One of our addresses."""
    return bench.addresses().webhook(kind, "c0ffee00c0ffee00c0ff", reference)


def example(bench: Bench, kind: type[Verb], **changes: Any) -> Verb:
    """A verb with every field filled."""
    return kind(**{**_fields(bench, kind), **changes})


def _fields(bench: Bench, kind: type[Verb]) -> dict[str, Any]:
    makers: Mapping[type[Verb], dict[str, Any]] = {
        Stream: {
            "url": SOCKET_URL.format(name=bench.known_as()),
            "status_url": address(bench, Kind.STREAM),
            "profile": bench.profile(),
            "options": bench.case.options,
        },
        Record: {"callback_url": address(bench, Kind.RECORDING), "max_seconds": 1860},
        Dial: {
            "targets": (bench.cleared(TARGET),),
            "caller_id": bench.case.ours,
            "ring_seconds": 23,
            "max_seconds": 1234,
            "action_url": address(bench, Kind.DIALED, "t1"),
            "callback_url": address(bench, Kind.LEG, "t1"),
        },
        Conference: {
            "room": "room-1",
            "label": "caller",
            "max_seconds": 1234,
            "action_url": address(bench, Kind.DIALED, "t1"),
            "callback_url": address(bench, Kind.LEG, "t1"),
        },
        Say: {"text": "hello there"},
        Play: {"url": SOUND},
        Press: {"digits": "12#"},
        Gather: {
            "action_url": address(bench, Kind.GATHERED, "g1"),
            "prompts": (Say(text="press one"),),
        },
        Pause: {"seconds": 3},
        Ring: {"seconds": 3},
        Redirect: {"url": address(bench, Kind.NEXT, "n1")},
    }
    return makers.get(kind, {})


ADDRESSES: Sequence[tuple[type[Verb], str]] = (
    (Stream, "url"),
    (Stream, "status_url"),
    (Record, "callback_url"),
    (Dial, "action_url"),
    (Dial, "callback_url"),
    (Dial, "whisper_url"),
    (Conference, "action_url"),
    (Conference, "callback_url"),
    (Play, "url"),
    (Gather, "action_url"),
    (Redirect, "url"),
)
"""Every address in a verb."""
OF_LEGS = frozenset({"callback_url", "whisper_url"})
"""Addresses of a Dial that hear of each target, which a carrier may not name otherwise."""

DIFFERENCES: Mapping[str, tuple[type[Verb], str, object, object]] = {
    f"{kind.__name__}.{name}": (kind, name, one, other)
    for kind, name, one, other in (
        (Record, "max_seconds", 60, 61),
        (Dial, "caller_id", "+14155550102", "+14155550101"),
        (Dial, "ring_seconds", 20, 30),
        (Dial, "max_seconds", 60, 90),
        (Dial, "accept_key", None, "1"),
        (Conference, "room", "room-1", "room-2"),
        (Conference, "label", "caller", "target:1"),
        (Conference, "max_seconds", 60, 90),
        (Say, "text", "one", "two"),
        (Say, "language", "en-US", "de-DE"),
        (Play, "loop", 1, 3),
        (Press, "digits", "12#", "13#"),
        (Gather, "digits", 1, 4),
        (Gather, "seconds", 5, 9),
        (Gather, "tries", 1, 3),
        (Gather, "finish_on", "#", "*"),
        (Gather, "valid", "0123456789*#", "12"),
        (Gather, "prompts", (), (Say(text="one"), Play(url=SOUND))),
        (Pause, "seconds", 1, 2),
        (Ring, "seconds", 1, 2),
        (Reject, "busy", False, True),
    )
}
"""Fields of verbs that are no addresses, each with two values."""

HOSTILE_TEXTS: Mapping[str, str] = {
    "angle brackets": "<Hangup/></Say></Response><Dial>+19005550100</Dial>",
    "quotes": "\"'`\u201d",
    "ampersands": "a & b &amp; c &#60;x&#62; &lt;y&gt;",
    "an entity": "&xxe; &undefined; %xxe;",
    "the end of CDATA": "x]]>y<![CDATA[z]]>",
    "a comment": "<!-- x --> --> <?php x ?>",
    "a document type": '<!DOCTYPE x [<!ENTITY a "b">]>',
    "JSON": '","url":"wss://evil.example.com","x":{"y":[1,null,"\\u0000',
    "backslashes": '\\ \\n \\u003c \\"',
    "line ends": "one\r\ntwo\rthree\nfour\ttabbed",
    "control characters": "bell \x07 null \x00 escape \x1b[2J delete \x7f",
    "noncharacters": "\ufffe\uffff\u2028\u2029\ufeff",
    "other scripts": "\u0645\u0631\u062d\u0628\u0627 \u4f60\u597d \u0928\u092e\u0938\u094d\u0924\u0947 \u00fc\u00df\u00e9",
    "right to left": "\u202eabc\u202c",
    "beyond the basic plane": "\U0001f4de \U00010348",
    "combining marks": "e\u0301" * 20,
    "format codes": "%s %d {0} {name} ${HOME} {{x}}",
    "much of it": "long " * 400,
}
"""Texts with which a document built by string would say something else."""
