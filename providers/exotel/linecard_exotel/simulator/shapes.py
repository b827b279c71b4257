"""The forms in which Exotel's messages have been met: one fact, written in several ways."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

if TYPE_CHECKING:
    from linecard_exotel.simulator.quirks import Quirks

RATES = (8000, 16000, 24000)
RATE_KEY = "sample-rate"
AS_IT_IS = frozenset({"custom_parameters"})
"""Objects whose keys are the application's own."""

MOST_PARAMETERS, LONGEST_PARAMETERS = 3, 256

MEDIA_FORMATS: Mapping[str, Callable[[int], dict[str, object]]] = MappingProxyType(
    {
        "audio/x-raw": lambda rate: _format("audio/x-raw", str(rate), "16"),
        "raw": lambda rate: _format("raw", rate, "128kbps"),
        "raw/slin": lambda rate: _format("raw/slin", f"{rate}Hz", "128"),
        "base64": lambda rate: _format("base64", str(rate), "128kbps"),
        "audio/x-mulaw": lambda rate: _format("audio/x-mulaw", str(rate), "64"),
    }
)
"""media_format, by the encoding it names."""


def _format(encoding: str, rate: object, bits: str) -> dict[str, object]:
    return {"encoding": encoding, "sample_rate": rate, "bit_rate": bits}


def write_message(message: Mapping[str, object], quirks: Quirks) -> str:
    """A message as text, its keys and numbers in the form that the quirks say."""
    return json.dumps(_written(dict(message), quirks), separators=(",", ":"))


def _written(value: Any, quirks: Quirks) -> Any:
    if isinstance(value, int) and quirks.numbers_as_text:
        return str(value)
    if not isinstance(value, dict):
        return value
    out: dict[str, Any] = {}
    for key, inner in value.items():
        written = inner if key in AS_IT_IS else _written(inner, quirks)
        out |= dict.fromkeys(KEY_STYLES[quirks.keys](key), written)
    return out


def _camel(key: str) -> str:
    first, *rest = key.split("_")
    return first + "".join(word.title() for word in rest)


KEY_STYLES: Mapping[str, Callable[[str], tuple[str, ...]]] = {
    "snake": lambda key: (key,),
    "camel": lambda key: (_camel(key),),
    "both": lambda key: (key, _camel(key)),
}


def sample_rate(url: str) -> int:
    """The rate that a socket's address asks for; 8000 without one. Raises ValueError."""
    wanted = dict(_pairs(url)).get(RATE_KEY, "8000")
    if not wanted.isdecimal() or int(wanted) not in RATES:
        raise ValueError(f"{RATE_KEY}={wanted} is none of {', '.join(map(str, RATES))}")
    return int(wanted)


def check_parameters(url: str) -> None:
    """Raise ValueError when a socket's address carries more than Exotel passes on."""
    query, pairs = urlsplit(url).query, _pairs(url)
    if len(pairs) > MOST_PARAMETERS:
        raise ValueError(f"{len(pairs)} parameters: at most {MOST_PARAMETERS} are passed on")
    if len(query) > LONGEST_PARAMETERS:
        raise ValueError(f"parameters of {len(query)} characters: at most {LONGEST_PARAMETERS}")


def custom_parameters(url: str, form: str) -> object:
    """custom_parameters of a start message."""
    pairs = _pairs(url)
    if form == "text":
        return ",".join(f"{name}={value}" for name, value in pairs)
    return dict(pairs)


def _pairs(url: str) -> list[tuple[str, str]]:
    return parse_qsl(urlsplit(url).query, keep_blank_values=True)
