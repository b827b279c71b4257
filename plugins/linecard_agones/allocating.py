"""A pod for each call, asked of agones-allocator by REST; never the same for two of them."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Iterator
from secrets import SystemRandom

import httpx2
import msgspec
import structlog

from linecard import Call, LinecardError, PodLease
from linecard_agones.answers import read_answer
from linecard_agones.certificates import client_context
from linecard_agones.faults import (
    AllocatorRefused,
    AllocatorUnavailable,
    BadAllocation,
    ConnectionClosed,
    Contended,
    PodTaken,
)
from linecard_agones.fencing import Fence
from linecard_agones.orders import order
from linecard_agones.settings import CA, CERT, AllocatorSettings

log = structlog.get_logger()

PATH = "/gameserverallocation"
HEADERS = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
DEADLINE_SECONDS = 5.0
"""For all of it: the connection, the answer, and all that is asked again."""
CONNECT_SECONDS = 3.0
IDLE_SECONDS = 60.0
"""A connection is kept for the next call: a caller waits for its TLS otherwise."""
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 0.5
"""Seconds: a contended allocator is asked again after some of it, and later after more."""
MOST_OF_AN_ANSWER = 64 * 1024
AGAIN = (Contended, PodTaken, ConnectionClosed)
"""What another request may mend. An allocation whose answer was lost costs a pod that shuts itself down."""

_chance = SystemRandom()


class Allocator:
    """Gives pods to calls. Needs the running loop; `close` it at the end."""

    def __init__(
        self, settings: AllocatorSettings, deadline_seconds: float = DEADLINE_SECONDS
    ) -> None:
        """Raises ConfigurationError where a certificate cannot be used."""
        self._settings = settings
        self._deadline = deadline_seconds
        self._fence = Fence()
        self._held: dict[str, PodLease] = {}
        # Straight to the allocator: a proxy from the environment would see a connection it cannot carry on.
        self._client = httpx2.AsyncClient(
            base_url=settings.url,
            verify=client_context(settings),
            trust_env=False,
            timeout=httpx2.Timeout(None, connect=CONNECT_SECONDS),
            limits=httpx2.Limits(keepalive_expiry=IDLE_SECONDS),
        )

    async def allocate(self, call: Call) -> PodLease:
        """The pod of a call, the same one however often it is asked for.

        Raises NoFreePod, where the call may ask again, or another LinecardError; within the deadline.
        """
        if call.id in self._held:
            return self._held[call.id]
        try:
            lease = await self._in_time(call)
        except LinecardError as error:
            log.warning(
                "no pod for a call", call=call.id, why=str(error), fault=type(error).__name__
            )
            raise
        # Where it was asked for twice at once, the second pod finds nobody and shuts itself down.
        return self._held.setdefault(call.id, lease)

    def release(self, lease: PodLease) -> Awaitable[None] | None:
        """Give a pod back; None where it is none of ours, or no more.

        The allocator takes nothing back. A pod shuts itself down when its call is over, or when nobody
        has come to it in time, and then the fleet makes another.
        """
        if self._held.get(lease.call) != lease:
            return None
        del self._held[lease.call]
        return _done()

    async def close(self) -> None:
        """Close the connections. Pods with calls go on without us."""
        await self._client.aclose()

    async def _in_time(self, call: Call) -> PodLease:
        ends = asyncio.get_running_loop().time() + self._deadline
        attempt = 0
        while True:
            try:
                async with asyncio.timeout_at(ends):
                    return await self._ask(call)
            except TimeoutError:
                raise AllocatorUnavailable(f"no answer within {self._deadline:g} s") from None
            except AGAIN:
                pause = _pause(attempt)
                if asyncio.get_running_loop().time() + pause >= ends:
                    raise
            await asyncio.sleep(pause)
            attempt += 1

    async def _ask(self, call: Call) -> PodLease:
        """One request and its answer. Raises LinecardError."""
        status, body = await self._post(msgspec.json.encode(order(self._settings, call)))
        place = read_answer(status, body)
        if not self._fence.take(place.pod, call.id):
            raise PodTaken(f"the allocator gave {place.pod}, which another call was given before")
        return PodLease(pod=place.pod, call=call.id, address=place.address)

    async def _post(self, body: bytes) -> tuple[int, bytes]:
        try:
            async with self._client.stream("POST", PATH, content=body, headers=HEADERS) as answer:
                return answer.status_code, await _read(answer)
        except httpx2.HTTPError as error:
            raise _no_answer(error) from error


async def _done() -> None:
    """Nothing is left to wait for."""


async def _read(answer: httpx2.Response) -> bytes:
    body = b""
    async for part in answer.aiter_raw():
        body += part
        if len(body) > MOST_OF_AN_ANSWER:
            raise BadAllocation(f"the allocator's answer is longer than {MOST_OF_AN_ANSWER} bytes")
    return body


def _pause(attempt: int) -> float:
    """Anything up to twice as long as before: those who collided must not collide again."""
    longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(attempt, 8))
    return _chance.uniform(0.2, 1.0) * longest


CLOSED = (httpx2.RemoteProtocolError, httpx2.ReadError, httpx2.WriteError)


def _no_answer(error: httpx2.HTTPError) -> LinecardError:
    """What stopped a request, in our words."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return AllocatorRefused(
                f"the allocator's certificate is not trusted: {cause.verify_message}; {CA} must name"
                " the authority that signed it, and the certificate the host of the address"
            )
        if isinstance(cause, ssl.SSLError) and "ALERT" in (cause.reason or ""):
            return AllocatorRefused(f"the allocator does not take {CERT}: {cause.reason}")
    if isinstance(error, CLOSED):
        # Since TLS 1.3 a client whose certificate is refused may hear of it, or of a reset alone.
        return ConnectionClosed(
            "the allocator closed the connection before it answered, as it does where it does not"
            f" take {CERT}, or where it is being replaced"
        )
    return AllocatorUnavailable(
        f"the allocator does not answer: {str(error) or type(error).__name__}"
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An exception and all that lie under it."""
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__
