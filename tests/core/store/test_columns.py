"""Column types."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from types import MappingProxyType

import pytest
from sqlalchemy.dialects import sqlite

from linecard.calls import CallStatus
from linecard.store.columns import UtcTime, write_json

DIALECT = sqlite.dialect()


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        UtcTime().process_bind_param(datetime(2026, 1, 1), DIALECT)  # noqa: DTZ001


def test_json_takes_what_the_contract_holds() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    value = {
        "map": MappingProxyType({"a": (1, 2)}),
        "status": CallStatus.BUSY,
        "set": frozenset({"b", "a"}),
        "at": at,
    }
    assert json.loads(write_json(value)) == {
        "map": {"a": [1, 2]},
        "status": "busy",
        "set": ["a", "b"],
        "at": "2026-01-01T00:00:00+00:00",
    }


@pytest.mark.parametrize("value", [float("nan"), object()])
def test_json_refuses_what_no_database_holds(value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        write_json({"x": value})
