"""Answer webhooks: signed by the carrier's own SDK, each a new call with its durable inbox row.

`python -m benchmarks.webhooks PORT SECONDS` loads a running `benchmarks.server` and prints JSON: how
many a second it answers when it is never idle, and how long they take, in ms, at half of that.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import count
from urllib.parse import urlencode, urlsplit

import uvloop
from plivo.utils.signature_v3 import construct_post_url, get_signature_v3

from benchmarks.server import HOST, PLIVO_TOKEN
from benchmarks.unsigned import CUSTOMER, OURS
from linecard.addresses import Addresses
from linecard.settings import Secret
from linecard.tokens import Tokens
from linecard.webhook import Kind

SECRET = "s" * 40
CONNECTIONS = 16
NONCES = count(10**19)
waits = Counter[str]()
"""Callers who heard a ring more, because the answer would have come too late."""
MOST_A_SECOND = 4000


def main() -> None:
    """Measure."""
    port, seconds = int(sys.argv[1]), float(sys.argv[2])
    print(json.dumps(uvloop.run(_measure(port, seconds))))


async def _measure(port: int, seconds: float) -> dict[str, float]:
    url = Addresses(f"http://{HOST}:{port}", "plivo", "main", Tokens(Secret(SECRET))).webhook(
        Kind.ANSWER, "", ""
    )
    await _flat_out(port, _signed(url, CONNECTIONS * 4), 1)
    rate = await _flat_out(port, _signed(url, int(MOST_A_SECOND * seconds)), seconds)
    half = rate / 2
    taken = sorted(await _steadily(port, _signed(url, int(half * seconds)), half))
    return {
        "a_second": round(rate, 1),
        "half_p50_ms": round(taken[len(taken) // 2] * 1000, 2),
        "half_p99_ms": round(taken[int(len(taken) * 0.99)] * 1000, 2),
        "told_to_wait": waits["told"],
    }


def _signed(url: str, number: int) -> Iterator[bytes]:
    """So many requests, made beforehand: the load generator must not wait for its own signatures."""
    return iter([_request(url) for _ in range(number)])


def _request(url: str) -> bytes:
    said = {"CallUUID": str(uuid.uuid4()), "CallStatus": "ringing", "Event": "StartApp"}
    return signed_request(url, said)


def signed_request(url: str, said: Mapping[str, str]) -> bytes:
    """A form about a call that comes in, as it stands on the wire."""
    form = {
        "Direction": "inbound",
        "From": CUSTOMER.removeprefix("+"),
        "To": OURS.removeprefix("+"),
        **said,
    }
    nonce = str(next(NONCES))
    text = bytes(construct_post_url(url, form)).decode()
    signature = get_signature_v3(PLIVO_TOKEN, text, nonce).decode()
    parts, body = urlsplit(url), urlencode(form).encode()
    head = (
        f"POST {parts.path}?{parts.query} HTTP/1.1\r\nhost: {parts.netloc}\r\n"
        f"content-type: application/x-www-form-urlencoded\r\ncontent-length: {len(body)}\r\n"
        f"x-plivo-signature-v3: {signature}\r\nx-plivo-signature-ma-v3: {signature}\r\n"
        f"x-plivo-signature-v3-nonce: {nonce}\r\n\r\n"
    )
    return head.encode() + body


async def _flat_out(port: int, requests: Iterator[bytes], seconds: float) -> float:
    """Answers a second, over connections that always have one request under way."""
    began = time.perf_counter()
    answered = await asyncio.gather(
        *(_keep_asking(port, requests, began + seconds) for _ in range(CONNECTIONS))
    )
    return sum(answered) / (time.perf_counter() - began)


async def _keep_asking(port: int, requests: Iterator[bytes], until: float) -> int:
    reader, writer = await asyncio.open_connection(HOST, port)
    answered = 0
    for request in requests:
        await _ask(reader, writer, request)
        answered += 1
        if time.perf_counter() >= until:
            break
    writer.close()
    return answered


async def _steadily(port: int, requests: Iterator[bytes], rate: float) -> list[float]:
    """How long each answer took, counted from when its request was due."""
    began = time.perf_counter() + 0.1
    due = iter(range(10**9))
    taken: list[float] = []

    async def connection() -> None:
        reader, writer = await asyncio.open_connection(HOST, port)
        for request, number in zip(requests, due, strict=False):
            moment = began + number / rate
            await asyncio.sleep(max(0.0, moment - time.perf_counter()))
            await _ask(reader, writer, request)
            taken.append(time.perf_counter() - moment)
        writer.close()

    await asyncio.gather(*(connection() for _ in range(CONNECTIONS)))
    return taken


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> None:
    writer.write(request)
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    length = head.partition("content-length: ")[2].partition("\r")[0]
    body = await reader.readexactly(int(length or 0))
    if not head.startswith("http/1.1 200") or not (b"<Stream" in body or b"<Wait" in body):
        raise SystemExit(f"not an answer: {head} {body!r}")
    waits["told"] += b"<Wait" in body


if __name__ == "__main__":
    main()
