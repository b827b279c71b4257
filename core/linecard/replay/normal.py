"""What is compared, in a form in which only real differences differ."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from zlib import crc32

from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]

from linecard.flight.reading import Line, Recorded
from linecard.replay.ids import Ids

PARSER_OPTIONS = {"resolve_entities": False, "no_network": True, "remove_blank_text": True}
LEFT_OUT_OF_CALLS = ("status", "carrier_ids")
"""Facts of a call that depend on which of two things was a moment quicker."""
KEPT = {
    "recordings": ("recording", "status", "url", "duration_ms", "by"),
    "transfers": ("targets", "mode", "ring_seconds", "state", "result"),
}
"""What is compared of the rows of a call; times and our own copies of files are not."""
FIGURES_BY_CHANCE = frozenset(
    {
        "underruns",
        "starved",
        "frames_in",
        "frames_out",
        "unsent_ms",
        "first_audio_ms",
        "after_answer_ms",
        "silence_ms",
    }
)
"""How late the machine was, and what came or went while our close was on its way."""
STREAM_ENDED = "stream-ended"
"""Its reason is compared with its moment: who was first to close is often a race."""
OUT_OF_PLACE = "out of place"


def body(content_type: str, text: str) -> str:
    """A document as one line for each thing that it says: XML and JSON by what they mean."""
    if "xml" in content_type:
        return _xml(text)
    if "json" in content_type:
        return _json(text)
    return text


def _xml(text: str) -> str:
    try:
        root = etree.fromstring(text.encode(), etree.XMLParser(**PARSER_OPTIONS))
    except etree.XMLSyntaxError:
        return text
    return "\n".join(_element(root, 0))


def _element(element: Any, depth: int) -> list[str]:
    attributes = "".join(f' {name}="{value}"' for name, value in sorted(element.attrib.items()))
    said = (element.text or "").strip()
    line = f"{'  ' * depth}<{element.tag}{attributes}>{said}"
    return [line, *(one for child in element for one in _element(child, depth + 1))]


def _json(text: str) -> str:
    try:
        return json.dumps(json.loads(text), indent=1, sort_keys=True, ensure_ascii=False)
    except ValueError:
        return text


def hook(line: Line) -> str:
    """A request to the carrier: what was asked of it."""
    args = {name: _args(one) for name, one in line["args"].items() if name != "since"}
    return f"{line['hook']} {json.dumps(args, sort_keys=True, ensure_ascii=False)}"


def _args(value: Any) -> Any:
    if isinstance(value, list):
        return [_args(one) for one in value]
    if not isinstance(value, dict):
        return value
    hidden = _hidden(value)
    return {name: _args(one) for name, one in value.items() if name not in hidden}


def _hidden(value: Mapping[str, Any]) -> tuple[str, ...]:
    is_call = value.keys() >= {"id", "status", "carrier_ids", "profile"}
    return LEFT_OUT_OF_CALLS if is_call else ()


def fact(line: Mapping[str, Any]) -> str:
    """A line of a call's record, or an event."""
    name = line.get("name") or line.get("event")
    facts = {name: one for name, one in line["facts"].items() if name not in FIGURES_BY_CHANCE}
    if name == STREAM_ENDED:
        facts.pop("reason", None)
    if "dropped" in facts:
        facts["dropped"] = {
            reason: count
            for reason, count in facts["dropped"].items()
            if not reason.endswith(OUT_OF_PLACE)
        }
    return f"{name} {json.dumps(facts, sort_keys=True, ensure_ascii=False)}"


def record(recorded: Recorded, ids: Ids) -> dict[str, str]:
    """What was left of a call, by the name of each fact."""
    left = ids.named(recorded.record)
    found = {f"call.{name}": one for name, one in left.get("call", {}).items()}
    for family, names in KEPT.items():
        for place, row in enumerate(left.get(family, []), 1):
            kept = {name: row.get(name) for name in names}
            found |= {f"{family}.{place}.{name}": one for name, one in kept.items()}
    return {name: json.dumps(one, sort_keys=True) for name, one in found.items()}


def message(line: Line, *, sound: bool) -> str:
    """A message that was sent on a stream; of one with `sound`, where that is kept, a digest."""
    told = line.get("text") or line.get("data") or ""
    if line.get("what", "play") != "play":
        return f"{line['what']} {told}"
    digest = f", sound {crc32(told.encode()):08x}" if told and sound else ""
    return f"play {line['size']} bytes{digest}"
