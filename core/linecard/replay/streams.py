"""The carrier's side of the media sockets of a replay."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from linecard.flight.reading import Line
from linecard.replay.asgi import Socket
from linecard.replay.ids import Ids
from linecard.replay.media import message_of
from linecard.replay.world import World

CLOSED = re.compile(r"closed by the carrier \((\d+)\)")
NO_CODE = 1005


@dataclass(slots=True)
class Streams:
    """The sockets that the carrier has opened, by their number in the record."""

    world: World
    ids: Ids
    _sockets: dict[int, Socket] = field(default_factory=dict)

    def feeds(self) -> dict[str, Callable[[Line], Any]]:
        """What each kind of line does."""
        return {"stream": self.open, "in": self.say, "stream-over": self.close}

    async def open(self, line: Line) -> None:
        """Open a socket; where nobody has asked for it now, there is none."""
        place = self.ids.streams.index(line["id"].removeprefix("~"))
        token = self.world.tokens.stream_of(place)
        if token is None:
            return
        socket = self._sockets[line["stream"]] = Socket()
        number = self.world.number
        addresses = self.world.exchange.addresses(number.provider, number.account)
        await socket.run(self.world.app, addresses.socket(token))

    async def say(self, line: Line) -> None:
        """A message of the carrier, or a frame of which the size is known."""
        socket, message = self._sockets.get(line["stream"]), message_of(line)
        if socket is None or message is None:
            return
        if isinstance(message, str):
            message = self.ids.translated(message, self.world.tokens.ids)
        socket.say(message)

    async def close(self, line: Line) -> None:
        """The carrier closes; where we did, by our own reasons, there is nothing to close any more."""
        socket = self._sockets.get(line["stream"])
        if socket is not None:
            found = CLOSED.fullmatch(line["reason"])
            socket.close(int(found.group(1)) if found else NO_CODE)
