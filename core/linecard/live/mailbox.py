"""The events an agent has not read yet: bounded for audio, never losing anything else."""

from __future__ import annotations

import asyncio
from collections import deque

from linecard.events import AgentEvent, AudioReceived, CallEnded

MOST_AUDIO = 250
"""Frames of audio kept for an agent that lags: 5 s."""


class Mailbox:
    """One call's events in their order; the oldest audio is dropped, and counted, when it overflows."""

    def __init__(self) -> None:
        self.dropped = 0
        self._events: deque[AgentEvent] = deque()
        self._audio = 0
        self._news = asyncio.Event()
        self._closed = False

    def put(self, event: AgentEvent) -> None:
        """Add an event; after the call's end nothing is added."""
        if self._closed:
            return
        if isinstance(event, AudioReceived):
            self._audio += 1
            if self._audio > MOST_AUDIO:
                self._drop_oldest_audio()
        self._closed = isinstance(event, CallEnded)
        self._events.append(event)
        self._news.set()

    async def get(self) -> AgentEvent:
        """The next event. Raises StopAsyncIteration after the last."""
        while not self._events:
            if self._closed:
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        event = self._events.popleft()
        self._audio -= isinstance(event, AudioReceived)
        return event

    def _drop_oldest_audio(self) -> None:
        position = next(
            at for at, event in enumerate(self._events) if isinstance(event, AudioReceived)
        )
        del self._events[position]
        self._audio -= 1
        self.dropped += 1
