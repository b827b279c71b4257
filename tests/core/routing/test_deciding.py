"""Who gets a call: the order of the rules, and the reason that is told."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from linecard.errors import InvalidField
from linecard.routing import Arrival, Carrier, Do, Routing, as_data, check, decide, targets

CALLER = "+14155550123"
NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
NIGHT = datetime(2026, 11, 27, 23, tzinfo=UTC)
FULL: dict[str, Any] = {
    "blocked": {"do": "hang-up"},
    "rules": [
        {"caller": "+1415*", "do": "busy"},
        {"caller": "+1415555*", "do": "redirect", "to": "+14155550177"},
        {"caller": "+14155550188", "do": "agent", "agent": "vip"},
        {"caller": "withheld", "do": "refuse"},
    ],
    "rate_limit": {"calls": 2, "seconds": 60},
    "hours": {
        "zone": "UTC",
        "windows": [{"from": "09:00", "to": "18:00"}],
        "holidays": ["2026-12-25"],
        "closed": {"do": "agent", "agent": "night"},
        "holiday": {"do": "hang-up"},
    },
    "menu": {"entries": [{"key": "1"}]},
}


def decided(caller: str | None, at: datetime = NOON, **facts: Any) -> tuple[str, str]:
    decision = decide(Routing.model_validate(FULL), Arrival(caller=caller, at=at, **facts))
    return str(decision.action.do), decision.reason


@pytest.mark.parametrize(
    ("caller", "facts", "do", "reason"),
    [
        ("+14155550188", {"blocked": "+1415*"}, "hang-up", "the blocklist has +1415*"),
        ("+14155550188", {"at": NIGHT}, "agent", "the rule for +14155550188"),
        ("+14155550100", {}, "redirect", "the rule for +1415555*"),
        ("+14150000000", {}, "busy", "the rule for +1415*"),
        (None, {}, "refuse", "the rule for withheld"),
        (
            "+442071838750",
            {"calls_lately": 3},
            "busy",
            "3 calls of this caller in 60 s; the limit is 2",
        ),
        ("+442071838750", {"calls_lately": 2}, "menu", "within hours: the number's menu"),
        ("+442071838750", {"at": NIGHT}, "agent", "closed at fri 23:00 in UTC"),
        (
            "+442071838750",
            {"at": datetime(2026, 12, 25, 12, tzinfo=UTC)},
            "hang-up",
            "2026-12-25 is a holiday",
        ),
    ],
)
def test_the_first_that_applies(
    caller: str | None, facts: dict[str, Any], do: str, reason: str
) -> None:
    assert decided(caller, **facts) == (do, reason)


def test_without_a_routing_the_numbers_agent_talks() -> None:
    decision = decide(Routing(), Arrival(caller=None, at=NOON, calls_lately=1000))
    assert (decision.action.do, decision.reason) == (
        Do.AGENT,
        "no rule applies: the number's agent",
    )


def test_what_is_written_is_read_again() -> None:
    routing = Routing.model_validate(FULL)
    assert Routing.model_validate(as_data(routing)) == routing
    assert as_data(Routing()) == {}
    assert dict(targets(routing)) == {"routing.rules.1.to": "+14155550177"}


SPEAKS = Carrier(speaks=True, gathers=True, has_sound=lambda _name: False, can_synthesise=False)
STREAMS = Carrier(speaks=False, gathers=False, has_sound="hello.wav".__eq__, can_synthesise=False)


def nobody_is_missing(_name: str, _path: str) -> None:
    return None


@pytest.mark.parametrize(
    ("routing", "field"),
    [
        ({"blocked": {"do": "redirect"}}, "routing.blocked.to"),
        ({"blocked": {"do": "refuse", "to": "+14155550177"}}, "routing.blocked.to"),
        ({"blocked": {"do": "menu"}}, "routing.blocked.do"),
        ({"blocked": {"do": "refuse", "agent": "echo"}}, "routing.blocked.agent"),
        ({"blocked": {"do": "refuse", "message": {}}}, "routing.blocked.message"),
        (
            {"blocked": {"do": "refuse", "message": {"sound": "a.wav"}}},
            "routing.blocked.message.sound",
        ),
        (
            {"hours": {"zone": "UTC", "windows": [{"from": "09:00", "to": "09:00"}]}},
            "routing.hours.windows.0.to",
        ),
        ({"menu": {"entries": [{"key": "1"}, {"key": "1"}]}}, "routing.menu.entries.1.key"),
        ({"menu": {"entries": [{"key": "1", "do": "menu"}]}}, "routing.menu.entries.0.do"),
        (
            {"menu": {"entries": [{"key": "1"}], "otherwise": {"do": "busy"}}},
            "routing.menu.otherwise.do",
        ),
    ],
)
def test_what_cannot_work_is_named(routing: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidField) as refused:
        check(Routing.model_validate(routing), nobody_is_missing, SPEAKS)
    assert refused.value.field == field


def test_a_carrier_that_does_not_speak_needs_sounds() -> None:
    spoken = {"blocked": {"do": "refuse", "message": {"say": "No."}}}
    with pytest.raises(InvalidField, match="WAV") as refused:
        check(Routing.model_validate(spoken), nobody_is_missing, STREAMS)
    assert refused.value.field == "routing.blocked.message.sound"
    with pytest.raises(InvalidField, match="WAV") as refused:
        check(
            Routing.model_validate({"menu": {"entries": [{"key": "1"}]}}),
            nobody_is_missing,
            STREAMS,
        )
    assert refused.value.field == "routing.menu.entries.0.prompt"
    recorded = {"blocked": {"do": "refuse", "message": {"sound": "hello.wav"}}}
    check(Routing.model_validate(recorded), nobody_is_missing, STREAMS)
