"""Agents for tests, as somebody might write them."""

from __future__ import annotations

import linecard


@linecard.agent
async def declared(call: linecard.LiveCall) -> None:
    """On the line's own rate."""


@linecard.agent(rate=16000)
async def wide(call: linecard.LiveCall) -> None:
    """On its own rate."""


async def bare(call: linecard.LiveCall) -> None:
    """Without a decorator."""


@linecard.agent(rate=24000)
class Listening:
    """In the callback style."""

    def __init__(self, call: linecard.LiveCall) -> None:
        self.call = call

    def on_audio(self, pcm: bytes) -> None:
        """Hear nothing."""


class Kit:
    """A place for agents."""

    inner = staticmethod(bare)


def blocking(call: linecard.LiveCall) -> None:
    """Not async."""


class Deaf:
    """Has no on_audio."""


NOTHING = 7
