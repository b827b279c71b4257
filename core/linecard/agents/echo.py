"""The built-in agent `echo`: the caller hears himself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linecard.agents.declared import agent

if TYPE_CHECKING:
    from linecard.live import LiveCall


@agent
class Echo:
    """Sends back what it hears, sample for sample, until the caller hangs up."""

    def __init__(self, call: LiveCall) -> None:
        self._call = call

    def on_audio(self, pcm: bytes) -> None:
        """Back it goes."""
        self._call.send_nowait(pcm)
