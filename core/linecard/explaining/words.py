"""Facts in words that may be shown to anybody: numbers masked, tokens and keys left out, one line each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from enum import Enum

from linecard.logs import masked
from linecard.numbers import mask

LONGEST = 300
"""Characters of one fact; what a carrier says may be of any length."""
SIP = re.compile(r"\bsips?:[^\s,;>\"']+")
ADDRESS = re.compile(r"\b(https?|wss?)://([^\s/?#@\"']*@)?([^\s/?#\"']+)[^\s\"']*")
MENU_KEY = re.compile(r"\bthe key \S of the menu")
UNPRINTABLE = re.compile(r"[^\S ]+|[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
PART = re.compile(r"\[([^][]*)\]")
FIELD = re.compile(r"\{(\w+)\}")
BARE = re.compile(r"(?<![\w+.-])\d{10,15}(?![\w.-])")
"""A telephone number as carriers write it in their texts."""
NOT_SAID = "not said"


def clean(value: object) -> str:
    """A fact in a line of its own: masked, of an address the host alone, without control characters."""
    text = str(value.value if isinstance(value, Enum) else value)
    text = UNPRINTABLE.sub(" ", text).strip()
    text = ADDRESS.sub(r"\1://\3", text)
    text = masked(SIP.sub(lambda found: mask(found.group()), text))
    text = BARE.sub(lambda found: mask(found.group()), text)
    text = MENU_KEY.sub("a key of the menu", text)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def fill(template: str, facts: Mapping[str, object]) -> str:
    """A template with its facts: `{name}`, and `[parts]` that fall away where a fact of theirs is missing."""
    kept = PART.sub(lambda found: found.group(1) if _known(found.group(1), facts) else "", template)
    return FIELD.sub(lambda found: _said(facts.get(found.group(1))), kept)


def _known(part: str, facts: Mapping[str, object]) -> bool:
    return all(facts.get(name) not in (None, "") for name in FIELD.findall(part))


def _said(value: object) -> str:
    return NOT_SAID if value in (None, "") else clean(value)


def span(seconds: float | timedelta) -> str:
    """A length of time: `0.4 s`, `34 s`, `2 min 5 s`, `3 h 20 min`."""
    if isinstance(seconds, timedelta):
        seconds = seconds.total_seconds()
    if seconds < 10:
        return f"{max(0.0, seconds):.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def many(count: int, one: str, several: str = "") -> str:
    """`1 stream`, `2 streams`."""
    return f"{count} {one if count == 1 else several or one + 's'}"


def times(count: int) -> str:
    """`once`, `twice`, `3 times`."""
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def party(number: str | None) -> str:
    """Who stands at one end of a call, masked."""
    return mask(number) if number else "a withheld number"


def leg_words(leg: str) -> str:
    """A leg as a person calls it."""
    known = {"caller": "the call's own leg", "media": "the audio leg"}
    return known.get(leg, clean(leg.replace("target:", "target ")))


def as_sentence(text: str) -> str:
    """With a capital at its beginning and one stop at its end."""
    text = re.sub(r"\.{2,}$", ".", text)
    return text[:1].upper() + text[1:]


def without_braces(text: str) -> str:
    """A text that may stand in a template."""
    return text.translate({ord(one): None for one in "{}[]"})
