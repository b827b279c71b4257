"""The doctor's requests to the public URL: over the open net, as the carrier's would come.

Each is sent once, without redirects, cookies or a proxy of the environment. Seconds are measured here.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import httpx2
import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from linecard.media.formats import StreamProfile, pick_profile
from linecard.probes import HEADER, PASS_SECONDS, Arrival
from linecard.simulator.impersonating import Impersonation
from linecard.simulator.wire import Request
from linecard.tokens import ProbeClaims, Tokens, new_id
from linecard.wall import now

if TYPE_CHECKING:
    from linecard.addresses import Addresses

QUERY = "d=a%2Bb%3A1%20c&e=&d=2"
"""Fields that a proxy likes to write anew: encoded signs, an empty value, a name that comes twice."""
PATH = "probe/Up-low_er.1"
ANSWER_SECONDS = 15.0
"""A carrier waits about as long."""
FRAME_SECONDS = 3.0
FRAMES = 25
LONGEST_TEXT = 1000
TRANSPORT = "websocket-in"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What came back of a signed request; `arrival` None: not from a server that knows the pass."""

    sent: Request
    seconds: float = 0.0
    status: int | None = None
    arrival: Arrival | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    trouble: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Echoed:
    """What came of a media socket. `returned` counts the frames that came back sample for sample.

    `compressed`: the proxy has talked us into compression; `trips` are milliseconds, one a frame.
    """

    sent: Request
    profile: StreamProfile
    status: int | None = None
    arrival: Arrival | None = None
    compressed: bool = False
    returned: int = 0
    changed: int = 0
    trips: Sequence[float] = ()
    trouble: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What a plain GET brought; times are Unix times of this machine. `date` is that of the Date header."""

    url: str
    begun: float
    ended: float
    status: int | None = None
    text: str = ""
    date: float | None = None
    trouble: str = ""

    @property
    def clock_difference(self) -> float | None:
        """Seconds by which their clock is ahead of this machine's; None where they tell no time."""
        return None if self.date is None else self.date - (self.begun + self.ended) / 2


async def fetch(http: httpx2.AsyncClient, url: str) -> Fetched:
    """GET an address, without any credentials; never raises for what the other side does."""
    begun = now().timestamp()
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            reply = await http.get(url)
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError, TimeoutError) as error:
        return Fetched(url=url, begun=begun, ended=now().timestamp(), trouble=_why(error))
    return Fetched(
        url=url,
        begun=begun,
        ended=now().timestamp(),
        status=reply.status_code,
        text=reply.text[:LONGEST_TEXT],
        date=_date(reply.headers.get("date", "")),
    )


def _date(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except ValueError:
        return None


class _Connect(connect):
    """A handshake that follows no redirect: carriers do not."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        """What was answered is the answer."""
        return exc


@dataclass(frozen=True, slots=True)
class Asker:
    """Asks the server of one account."""

    http: httpx2.AsyncClient
    addresses: Addresses
    tokens: Tokens
    impersonation: Impersonation
    profiles: Sequence[StreamProfile]

    async def webhook(self) -> Answered:
        """A request as the carrier makes it, to an address that means nothing without its pass."""
        base = self.addresses.public_url
        url = f"{base}/{self.addresses.provider}/{PATH}?a={self.addresses.account}&{QUERY}"
        sent = self.impersonation.webhook(url)
        headers = {**sent.headers, HEADER: self._pass(self.profiles[0])}
        return await _asked(self.http, sent, headers)

    async def stream(self) -> Echoed:
        """A media socket of the default profile, opened and spoken into as the carrier does it."""
        profile = next((one for one in self.profiles if one.transport == TRANSPORT), None)
        profile = profile or pick_profile(self.profiles, None)
        # As long as a real token, in the same place.
        url = self.addresses.socket(f"probe-{'x' * 200}.{'Y' * 32}")
        sent = Request("GET", url, headers=self.impersonation.handshake(url))
        headers = {**sent.headers, HEADER: self._pass(profile)}
        agent = headers.pop("User-Agent", None)
        echoed = Echoed(sent=sent, profile=profile)
        try:
            async with _Connect(
                url, additional_headers=headers, user_agent_header=agent, proxy=None,
                open_timeout=ANSWER_SECONDS, close_timeout=1,
            ) as socket:  # fmt: skip
                return await self._spoken(socket, echoed)
        except InvalidStatus as refused:
            return replace(echoed, status=refused.response.status_code)
        except (OSError, InvalidHandshake, TimeoutError, ConnectionClosed) as error:
            return replace(echoed, trouble=_why(error))

    async def _spoken(self, socket: ClientConnection, echoed: Echoed) -> Echoed:
        compressed = "permessage-deflate" in (
            socket.response.headers.get("Sec-WebSocket-Extensions", "") if socket.response else ""
        )
        echoed = replace(echoed, status=101, compressed=compressed)
        try:
            async with asyncio.timeout(FRAME_SECONDS):
                arrival = msgspec.json.decode(await socket.recv(), type=Arrival)
        except (TimeoutError, ConnectionClosed, msgspec.MsgspecError) as error:
            return replace(echoed, trouble=_why(error))
        return await self._talked(socket, replace(echoed, arrival=arrival))

    async def _talked(self, socket: ClientConnection, echoed: Echoed) -> Echoed:
        """One frame after another, each when the one before is back."""
        trips: list[float] = []
        changed = 0
        try:
            for message in self.impersonation.opening(echoed.profile):
                await socket.send(message)
            for number in range(FRAMES):
                frame = known_frame(echoed.profile, number)
                begun = time.perf_counter()
                await socket.send(self.impersonation.media(frame))
                async with asyncio.timeout(FRAME_SECONDS):
                    heard = self.impersonation.heard(await socket.recv())
                trips.append((time.perf_counter() - begun) * 1000)
                changed += heard != frame
        except (TimeoutError, ConnectionClosed) as error:
            echoed = replace(echoed, trouble=_why(error))
        returned = len(trips) - changed
        return replace(echoed, returned=returned, changed=changed, trips=tuple(trips))

    def _pass(self, profile: StreamProfile) -> str:
        claims = ProbeClaims(
            id=new_id(),
            provider=self.addresses.provider,
            account=self.addresses.account,
            profile=profile.name,
            expires=int(time.time()) + PASS_SECONDS,
        )
        return self.tokens.probe(claims)


async def _asked(http: httpx2.AsyncClient, sent: Request, headers: Mapping[str, str]) -> Answered:
    started = time.perf_counter()
    answered = Answered(sent=sent)
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            reply = await http.request(
                sent.method, sent.url, content=sent.body, headers=dict(headers)
            )
    except (httpx2.HTTPError, OSError, TimeoutError) as error:
        return replace(answered, seconds=time.perf_counter() - started, trouble=_why(error))
    return replace(
        answered,
        seconds=time.perf_counter() - started,
        status=reply.status_code,
        headers=dict(reply.headers),
        arrival=_arrival(reply.content),
    )


def client() -> httpx2.AsyncClient:
    """What goes out: each request on a connection of its own, as carriers' come."""
    return httpx2.AsyncClient(
        trust_env=False,
        timeout=ANSWER_SECONDS,
        follow_redirects=False,
        limits=httpx2.Limits(max_keepalive_connections=0),
    )


def _arrival(body: bytes) -> Arrival | None:
    try:
        return msgspec.json.decode(body, type=Arrival)
    except msgspec.MsgspecError:
        return None


def known_frame(profile: StreamProfile, number: int) -> bytes:
    """A message of audio with every byte value in it, no two alike; of the least size that carries it both ways."""
    audio, chunk = profile.format.inbound, profile.chunk
    size = max(audio.frame_bytes, chunk.smallest)
    size += -size % chunk.multiple
    return bytes((at * 7 + number) % 256 for at in range(size))


def _why(error: BaseException) -> str:
    if isinstance(error, TimeoutError) or "Timeout" in type(error).__name__:
        return "no answer in time"
    return str(error) or type(error).__name__
