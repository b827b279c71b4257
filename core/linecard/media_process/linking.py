"""A pod's own side of its link: opened at the start, and opened again while no call is here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import structlog
from websockets.asyncio.client import ClientConnection, connect, unix_connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from linecard.http.carrying import LARGEST_MESSAGE as LARGEST_TO_SERVER
from linecard.media_process.talking import answers, hears
from linecard.pods.addresses import UNIX
from linecard.pods.link import Link, LinkLost

if TYPE_CHECKING:
    from linecard.media_process.pod import Place, Pod

log = structlog.get_logger()

LINK = "/pods/link"
HTTP = "http://"
BEAT_SECONDS = 1.0
AGAIN_SECONDS = 1.0
NOBODY = (ConnectionRefusedError, FileNotFoundError)
"""Nobody listens at a socket file any more, or it is gone: whoever made it is dead."""
LARGEST_MESSAGE = 64 * 1024 * 1024
"""A spoken message of a minute and a half at 48 kHz, in base64, is 12 MB."""


async def stay_linked(pod: Pod) -> None:
    """Link the pod to its server until it is done. With a call here, a lost link is the call's end.

    So it is for a pod of this machine whose server is dead: another server starts its own.
    """
    while not pod.done.is_set():
        is_orphan = False
        try:
            async with _linked(pod.place) as socket:
                await _serve(pod, socket)
        except (OSError, InvalidHandshake, TimeoutError) as error:
            is_orphan = isinstance(error, NOBODY) and pod.place.control.startswith(UNIX)
        if pod.is_used or is_orphan:
            _end(pod)
            return
        await asyncio.sleep(AGAIN_SECONDS)


async def _serve(pod: Pod, socket: ClientConnection) -> None:
    link = pod.link = Link(_Wire(socket), answers(pod), hears(pod), LARGEST_TO_SERVER)
    pod.linked.set()
    beats = asyncio.create_task(_beat(pod, link), name="beats")
    try:
        await link.run()
    finally:
        beats.cancel()
        pod.link = link if pod.is_used else None


async def _beat(pod: Pod, link: Link) -> None:
    """From the loop that runs the agent: one that is held up tells nothing."""
    while not link.is_lost:
        link.tell("beat", heard=pod.heard())
        await asyncio.sleep(BEAT_SECONDS)


def _end(pod: Pod) -> None:
    if pod.live is None:
        pod.done.set()
    elif not pod.live.is_over:
        log.error("the server is gone; the call ends here")
        pod.live.finish("the server is gone")


@asynccontextmanager
async def _linked(place: Place) -> AsyncIterator[ClientConnection]:
    path = f"{LINK}?{urlencode({'pod': place.name})}"
    options: dict[str, Any] = {
        "additional_headers": {"Authorization": f"Bearer {place.keys.values()[0]}"},
        "max_size": LARGEST_MESSAGE,
        "compression": None,
        "proxy": None,
    }
    if place.control.startswith(UNIX):
        opening = unix_connect(place.control.removeprefix(UNIX), f"ws://control{path}", **options)
    else:
        opening = connect(f"ws://{place.control.removeprefix(HTTP)}{path}", **options)
    async with opening as socket:
        yield socket


class _Wire:
    """The link's socket. Both methods raise LinkLost at its end."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    async def send(self, text: str) -> None:
        """Send a text."""
        try:
            await self._socket.send(text)
        except ConnectionClosed as error:
            raise LinkLost("the server is gone") from error

    async def receive(self) -> str | bytes:
        """The next text."""
        try:
            return await self._socket.recv()
        except ConnectionClosed as error:
            raise LinkLost("the server is gone") from error
