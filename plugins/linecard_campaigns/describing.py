"""Bodies of requests as the API's description tells them; they are read by `plans` and `models`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from linecard import Machine
from linecard_campaigns.choosing import Choice
from linecard_campaigns.models import LeadIn

MOST_LEADS = 10_000

PLAN: Mapping[str, dict[str, Any]] = MappingProxyType(
    {
        "name": {"type": "string", "maxLength": 128},
        "agent": {"type": "string", "description": "Default: each number's own."},
        "numbers": {
            "type": "array",
            "items": {"type": "string"},
            "minItems": 1,
            "description": "Registered numbers to call from.",
        },
        "max_attempts": {"type": "integer", "minimum": 1, "default": 3},
        "channels": {"type": "integer", "minimum": 1, "description": "Live calls at most."},
        "calls_per_second": {"type": "number", "description": "At most the carriers' own."},
        "window": {
            "description": "When people are called; default: at any hour.",
            "examples": ["09:00-17:30", {"mon": "09:00-17:30", "sat": ["10:00-12:00"]}],
        },
        "timezone": {
            "type": "string",
            "default": "callee",
            "description": "`callee`, or an IANA name.",
        },
        "holidays": {"type": "array", "items": {"type": "string", "format": "date"}},
        "retry": {
            "type": "object",
            "description": "By outcome: minutes, false, or an object.",
            "examples": [{"busy": 15, "no-answer": {"minutes": 60, "factor": 2}, "failed": False}],
        },
        "budget": {"description": "US dollars.", "examples": ["25.50"]},
        "caps": {
            "type": "array",
            "description": "Calls to one person, over all campaigns.",
            "items": {"type": "object"},
        },
        "choice": {"type": "string", "enum": list(Choice), "default": Choice.ROTATION},
        "machine": {"type": "string", "enum": list(Machine), "default": Machine.OFF},
        "ring_seconds": {"type": "integer", "minimum": 5, "maximum": 120, "default": 45},
        "max_seconds": {"type": "integer", "description": "Default: the number's own."},
        "guard": {"description": "When the campaign pauses itself; false: never."},
        "paused": {"type": "boolean", "default": False, "description": "Do not begin yet."},
    }
)
"""The fields of a campaign."""


def _json(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"required": True, "content": {"application/json": {"schema": dict(schema)}}}


def campaign_body() -> dict[str, Any]:
    """A campaign to begin."""
    required = ["name", "numbers"]
    return _json({"type": "object", "properties": dict(PLAN), "required": required})


def changes_body() -> dict[str, Any]:
    """The fields of a campaign that change; null is the default again."""
    fields = {name: schema for name, schema in PLAN.items() if name != "paused"}
    return _json({"type": "object", "properties": fields, "minProperties": 1})


def leads_body() -> dict[str, Any]:
    """A lead, or a list of leads."""
    lead = LeadIn.model_json_schema()
    many = {"type": "array", "items": lead, "minItems": 1, "maxItems": MOST_LEADS}
    return _json({"anyOf": [lead, many]})


def file_body() -> dict[str, Any]:
    """A file of leads."""
    return {"required": True, "content": {"text/csv": {"schema": {"type": "string"}}}}
