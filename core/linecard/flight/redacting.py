"""What is private, hidden in everything that is written: secrets always, digits and numbers by the settings.

A telephone number keeps all but its last four digits. Those are replaced by others that follow from
the number and LINECARD_SECRET: the same number is the same everywhere, and what reads numbers can
still read it.
"""

from __future__ import annotations

import base64
import hmac
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from hashlib import sha256
from typing import Any
from urllib.parse import quote

import msgspec

from linecard.flight import patterns

HIDDEN = "***"
SHORTEST_SECRET = 4
LONGEST_AUDIO = 60
"""A longer text in a field of audio is audio."""
KEPT_DIGITS = 8
"""So many of a number's last digits make its replacement, so that a country code more or less is the same."""


class Sort(Enum):
    """What may not be written as it is, by the name of its field."""

    PRIVATE = "private"
    DIGITS = "digits"
    AUDIO = "audio"


SORTS = (
    (Sort.PRIVATE, patterns.SECRET_NAME),
    (Sort.DIGITS, patterns.DIGIT_NAME),
    (Sort.AUDIO, patterns.AUDIO_NAME),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Redactor:
    """Hides. `secrets` are texts that may stand nowhere; `key` makes the replacements of numbers.

    `public_url`: addresses below it are ours. `numbers`: telephone numbers are written whole.
    `digits`: keys are written as stars; false: not even how many. `audio`: sound may be written.
    """

    secrets: Iterable[str] = ()
    key: bytes = b""
    public_url: str = ""
    numbers: bool = False
    digits: bool = True
    audio: bool = False
    _guard: re.Pattern[str] | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_guard", _guard(self.secrets))

    def clean(self, value: Any, name: str = "") -> Any:
        """A JSON value without what is private; `name` is the field that it stands in."""
        if isinstance(value, Mapping):
            return self._mapping(value)
        if isinstance(value, list | tuple):
            return [self.clean(one, name) for one in value]
        if isinstance(value, str):
            return self.text(value, name)
        if isinstance(value, int) and not isinstance(value, bool) and value >= 10**7:
            hidden = self._masked(str(value), name)
            return int(hidden) if hidden.isdecimal() else hidden
        return value

    def pairs(self, pairs: Iterable[tuple[str, str]], pressed: str | None) -> list[list[str]]:
        """The fields of a request; `pressed` are keys that the provider has read out of one of them."""
        cleaned = []
        for name, value in pairs:
            is_pressed = bool(pressed) and value.strip('"') == pressed
            if not self.digits and (is_pressed or _sort(name) is Sort.DIGITS):
                continue
            cleaned.append(
                [self.text(name), stars(value) if is_pressed else self._value(value, name)]
            )
        return cleaned

    def _value(self, value: str, name: str) -> str:
        """A form's field, which may hold JSON."""
        is_json = value.startswith(("{", "[")) and _sort(name) is None
        return self.message(value) if is_json else self.text(value, name)

    def message(self, text: str) -> str:
        """A JSON message of a media socket, or a JSON body; what is no JSON is cleaned as text."""
        try:
            said = json.loads(text)
        except (ValueError, RecursionError):
            return self.text(text)
        if not isinstance(said, dict | list):
            return self.text(text)
        return json.dumps(self.clean(said), separators=(",", ":"), ensure_ascii=False)

    def text(self, text: str, name: str = "") -> str:
        """Any other text: a field's value, a document, a sentence."""
        if not text:
            return text
        sort = _sort(name)
        if sort is Sort.PRIVATE:
            return HIDDEN
        if sort is Sort.DIGITS:
            return stars(text) if self.digits else ""
        if sort is Sort.AUDIO and len(text) > LONGEST_AUDIO:
            return text if self.audio else f"~{len(text)} characters"
        if self._guard is not None:
            text = self._guard.sub(HIDDEN, text)
        if patterns.SUSPECT.search(text):
            text = self._without_keys(text)
        return self._masked(text, name)

    def _without_keys(self, text: str) -> str:
        """A text without what opens something: addresses that are signed, tokens, credentials."""
        text = patterns.URL.sub(self._url, text)
        text = patterns.STREAM_TOKEN.sub(_stream_token, text)
        text = patterns.OUR_TOKEN.sub(rf"\g<1>{HIDDEN}", text)
        text = patterns.PROOF.sub(rf"\g<1>.{HIDDEN}", text)
        text = patterns.CREDENTIALS.sub(rf"\g<1> {HIDDEN}", text)
        return patterns.PRESSED_IN_XML.sub(self._pressed, text)

    def number(self, digits: str) -> str:
        """The replacement of one telephone number; what stands before its last four digits stays."""
        plain = digits.removeprefix("%2B").removeprefix("+")
        sealed = hmac.new(self.key, plain[-KEPT_DIGITS:].encode(), sha256).digest()
        return f"{digits[:-4]}{int.from_bytes(sealed[:4]) % 10_000:04}"

    def _mapping(self, value: Mapping[str, Any]) -> dict[str, Any]:
        kept = [
            (str(name), one)
            for name, one in value.items()
            if self.digits or not _is_pressed(name, one)
        ]
        return {self.text(name): self._field(name, one) for name, one in kept}

    def _field(self, name: str, value: Any) -> Any:
        if patterns.SECRET_NAME.search(name) and value not in (None, "", True, False):
            return HIDDEN
        if self.digits and _is_pressed(name, value):
            return stars(str(value))
        return self.clean(value, name)

    def _masked(self, text: str, name: str) -> str:
        if self.numbers or (name and patterns.TIME_NAME.search(name)):
            return text
        known = bool(name) and patterns.NUMBER_NAME.search(name) is not None
        numbers = patterns.BARE_NUMBER if known else patterns.NUMBER
        return numbers.sub(lambda one: self.number(one.group()), text)

    def _url(self, found: re.Match[str]) -> str:
        """Of an address that is not ours the query's values are nobody's business: they may sign it."""
        url = patterns.USER.sub("", found.group())
        if self._is_ours(url):
            return url
        head, mark, fragment = url.partition("#")
        return patterns.QUERY_VALUE.sub(rf"\g<1>{HIDDEN}", head) + mark + fragment

    def _is_ours(self, url: str) -> bool:
        ours = self.public_url.partition("://")[2]
        return bool(ours) and url.partition("://")[2].startswith((f"{ours}/", f"{ours}?"))

    def _pressed(self, found: re.Match[str]) -> str:
        return found.group(1) + (stars(found.group(2)) if self.digits else "")


@lru_cache(1024)
def _sort(name: str) -> Sort | None:
    """What a field's name says of its value; carriers have few names, and send them again and again.

    Of `Stream[Digits]` its last part counts.
    """
    last = name.rpartition("[")[2].removesuffix("]")
    return next((sort for sort, names in SORTS if names.search(last)), None)


def stars(digits: str) -> str:
    """A star for each key."""
    return patterns.KEY.sub("*", digits)


def _is_pressed(name: Any, value: Any) -> bool:
    pressed = isinstance(value, str | int) and not isinstance(value, bool)
    return pressed and patterns.DIGIT_NAME.search(str(name)) is not None


def _stream_token(found: re.Match[str]) -> str:
    """What stays of a stream's token is its id, which opens nothing."""
    try:
        padded = found.group(1) + "=" * (-len(found.group(1)) % 4)
        claims = msgspec.json.decode(base64.urlsafe_b64decode(padded))
    except (ValueError, msgspec.DecodeError):
        return HIDDEN
    return f"~{claims[0]}" if isinstance(claims, list) and claims else HIDDEN


def _guard(secrets: Iterable[str]) -> re.Pattern[str] | None:
    """What finds any secret in the ways it may be written: as it is, in an address, in JSON."""
    texts = {text for text in secrets if len(text) >= SHORTEST_SECRET}
    ways = {way for text in texts for way in (text, quote(text, safe=""), json.dumps(text)[1:-1])}
    if not ways:
        return None
    return re.compile("|".join(re.escape(way) for way in sorted(ways, key=len, reverse=True)))
