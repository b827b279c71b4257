from __future__ import annotations

from datetime import timedelta
from typing import Any

from linecard.clock import Clock
from linecard.demo.steps import Steps
from linecard.demo.story import Story, Who
from linecard.wall import now


def event(name: str, seconds_ago: float = 0.0, **facts: Any) -> dict[str, Any]:
    return {
        "name": name,
        "at": (now() - timedelta(seconds=seconds_ago)).isoformat(),
        "facts": facts,
    }


def test_steps_are_told_once_when_they_happened_and_nothing_else_is() -> None:
    story = Story(Clock(speed=8))
    steps = Steps(story, 8)
    events = [event("intended"), event("enhanced", by="x", delay_ms=25.0, started_in_ms=3.5)]
    steps.tell({"events": events})
    steps.tell({"events": events})
    events.append(event("enhancer-failed", 100, by="x", reason="no licence"))
    steps.tell({"events": events})
    assert [(one.source, one.target, one.text) for one in story.moments] == [
        (Who.LINECARD, Who.LINECARD, "noise enhancement: x, adds 25 ms, ready in 3.5 ms"),
        (
            Who.LINECARD,
            Who.LINECARD,
            "noise enhancement: none, x is not to be had: no licence",
        ),
    ]
    assert story.moments[1].at == 0
