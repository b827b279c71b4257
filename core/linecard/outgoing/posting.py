"""One POST to an address that somebody has named: checked, pinned, bounded, and never led elsewhere."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import MappingProxyType

import httpx2

from linecard.outgoing.public import checked_addresses, is_own, is_public
from linecard.outgoing.urls import Target
from linecard.trust import trusted

SECONDS = 15.0
"""For all of it: the name, the connection, the answer."""
TIMEOUT = httpx2.Timeout(10.0, connect=3.0)
MOST_OF_AN_ANSWER = 64 * 1024
FITS: Mapping[str, Callable[[str], bool]] = MappingProxyType({"https": is_public, "http": is_own})
"""Which addresses a name may have, by scheme."""
PLAIN = MappingProxyType({"Accept-Encoding": "identity", "User-Agent": "linecard"})
NO_CONNECTION = (httpx2.ConnectError, httpx2.ConnectTimeout)


class NoAnswer(OSError):
    """Nobody has answered as HTTP wants it; the message says why."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back: nothing of the content. `retry_after` in seconds, where it was asked for."""

    status: int
    retry_after: float | None = None


async def post(target: Target, body: bytes, headers: Mapping[str, str]) -> Answered:
    """Deliver once. Raises NoAnswer, or NotAllowed before anything is sent."""
    try:
        async with asyncio.timeout(SECONDS):
            addresses = await checked_addresses(target.host, target.port, FITS[target.scheme])
            return await _to_any(target, addresses, body, headers)
    except TimeoutError as error:
        raise NoAnswer(f"{target.host} has not answered within {SECONDS:g} s") from error
    except (httpx2.HTTPError, socket.gaierror) as error:
        raise NoAnswer(f"{target.host}: {str(error) or type(error).__name__}") from error


async def _to_any(
    target: Target, addresses: tuple[str, ...], body: bytes, headers: Mapping[str, str]
) -> Answered:
    """To the first address that takes a connection: what was sent once is not sent to another."""
    for address in addresses[:-1]:
        try:
            return await _to(target, address, body, headers)
        except NO_CONNECTION:
            continue
    return await _to(target, addresses[-1], body, headers)


async def _to(target: Target, address: str, body: bytes, headers: Mapping[str, str]) -> Answered:
    # A client for each delivery: a connection kept open under an IP address would serve other hosts.
    async with httpx2.AsyncClient(
        verify=trusted(), trust_env=False, follow_redirects=False, timeout=TIMEOUT
    ) as client:
        request = client.build_request(
            "POST",
            target.at(address),
            content=body,
            headers={**PLAIN, **headers, "Host": target.authority},
            extensions={"sni_hostname": target.host},
        )
        answer = await client.send(request, stream=True)
        await _read_a_little(answer)
        return Answered(answer.status_code, _retry_after(answer.headers.get("retry-after")))


async def _read_a_little(answer: httpx2.Response) -> None:
    """So that a receiver sees its answer taken; as it came, since a small one may unpack into a large one."""
    seen = 0
    try:
        async for part in answer.aiter_raw():
            seen += len(part)
            if seen > MOST_OF_AN_ANSWER:
                break
    finally:
        await answer.aclose()


def _retry_after(text: str | None) -> float | None:
    """Seconds from now, of a number or a date; None for anything else."""
    if not text:
        return None
    if text.strip().isdecimal():
        return float(text.strip()[:9])
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - datetime.now(UTC)).total_seconds())
