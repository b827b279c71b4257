"""Steps of our own side that no carrier sees: told from the call's record as soon as they stand there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from linecard.demo.story import Story, Tone, Who
from linecard.wall import now

TOLD: Mapping[str, str] = MappingProxyType(
    {
        "pod-allocated": "pod {pod} allocated in {ms} ms",
        "enhanced": "noise enhancement: {by}, adds {delay_ms:g} ms, ready in {started_in_ms:g} ms",
        "enhancer-failed": "noise enhancement: none, {by} is not to be had: {reason}",
    }
)
"""The lines of the record that are told, with their facts."""


class Steps:
    """What of a call's record has been told; `speed` is that of the story's clock."""

    def __init__(self, story: Story, speed: float) -> None:
        self._story = story
        self._speed = speed
        self._read = 0

    def tell(self, call: Mapping[str, Any]) -> None:
        """Tell what has come to the record since."""
        new = call["events"][self._read :]
        self._read += len(new)
        for event in new:
            if event["name"] in TOLD:
                ago = (now() - datetime.fromisoformat(event["at"])).total_seconds() * self._speed
                text = TOLD[event["name"]].format_map(event["facts"])
                self._story.tell(Who.LINECARD, Who.LINECARD, text, Tone.NOTE, ago=max(0.0, ago))
