"""A storm of callbacks after a carrier's recovery: ten thousand ends in ten seconds, beside live calls.

`python -m benchmarks.storm PORT PID MANY SECONDS` first lets MANY calls come in at a running
`benchmarks.server`, whose process is PID, then lets some talk, and reports the end of each of the MANY, all
in SECONDS. It prints JSON: how long the acknowledgements took in ms, counted from when each was due; how
many were not a 200; how long after the last one every report was in the database; what each cost
of the server's core, in ms; and how late the audio of those who talked came back, which is how late the
server's loop was.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx2
import uvloop

from benchmarks.load import WARM_UP_SECONDS, generator
from benchmarks.server import HOST
from benchmarks.tools import run
from benchmarks.webhooks import CONNECTIONS as FEW
from benchmarks.webhooks import SECRET, signed_request
from linecard.addresses import Addresses
from linecard.settings import Secret
from linecard.tokens import Tokens
from linecard.webhook import Kind

SETTLE_SECONDS = 1
MANY = 500
"""Connections of a carrier in a storm: one that is not answered keeps no other callback waiting."""
LIVE = 20
"""Calls that are talking meanwhile."""
EMPTIED_WITHIN = 120.0


def main() -> None:
    """Measure."""
    port, pid, many, seconds = (int(word) for word in sys.argv[1:])
    print(json.dumps(uvloop.run(_measure(port, pid, many, seconds))))


async def _measure(port: int, pid: int, many: int, seconds: int) -> dict[str, float]:
    addresses = Addresses(f"http://{HOST}:{port}", "plivo", "main", Tokens(Secret(SECRET)))
    ids = [str(uuid.uuid4()) for _ in range(many)]
    answers, ends = addresses.webhook(Kind.ANSWER), addresses.webhook(Kind.ENDED)
    opening = [signed_request(answers, _arrived(one)) for one in ids]
    storm = [signed_request(ends, _over(one)) for one in ids]
    await _send(port, opening, None)
    talking = asyncio.create_task(run(await generator(port, pid, LIVE, seconds)))
    await asyncio.sleep(WARM_UP_SECONDS + SETTLE_SECONDS)
    spent = _cpu_seconds(pid)
    sent = await _send(port, storm, many / seconds)
    emptied = await _emptied(port)
    spent = _cpu_seconds(pid) - spent
    heard, taken = json.loads(await talking), sorted(sent.taken)
    return {
        "a_second": round(many / seconds, 1),
        "p50_ms": round(taken[len(taken) // 2] * 1000, 2),
        "p99_ms": round(taken[int(len(taken) * 0.99)] * 1000, 2),
        "max_ms": round(taken[-1] * 1000, 2),
        "not_taken": many - sent.statuses["200"],
        "emptied_s": round(emptied, 1),
        "cpu_ms": round(spent / many * 1000, 2),
        "audio_p99_ms": heard["p99_ms"],
        "audio_max_ms": heard["max_ms"],
    }


def _cpu_seconds(pid: int) -> float:
    """What a process has used of its core so far; the live calls' share is in it."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _arrived(carrier_id: str) -> dict[str, str]:
    return {"CallUUID": carrier_id, "CallStatus": "ringing", "Event": "StartApp"}


def _over(carrier_id: str) -> dict[str, str]:
    return {
        "CallUUID": carrier_id,
        "CallStatus": "completed",
        "Duration": "17",
        "Event": "Hangup",
        "HangupCause": "NORMAL_CLEARING",
        "HangupCauseCode": "4000",
    }


class _Sent:
    """How long each answer took in seconds, and what they said."""

    def __init__(self) -> None:
        self.taken: list[float] = []
        self.statuses: Counter[str] = Counter()


async def _send(port: int, requests: Sequence[bytes], rate: float | None) -> _Sent:
    """All of them, so many a second, or as fast as they are answered."""
    sent, due = _Sent(), iter(enumerate(requests))
    began = time.perf_counter() + 0.1
    connections = range(MANY if rate else FEW)
    await asyncio.gather(*(_connection(port, due, rate, began, sent) for _ in connections))
    return sent


async def _connection(
    port: int, due: Iterator[tuple[int, bytes]], rate: float | None, began: float, sent: _Sent
) -> None:
    reader, writer = await asyncio.open_connection(HOST, port)
    for number, request in due:
        moment = began + number / rate if rate else time.perf_counter()
        await asyncio.sleep(max(0.0, moment - time.perf_counter()))
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = head.partition("content-length: ")[2].partition("\r")[0]
        await reader.readexactly(int(length or 0))
        sent.taken.append(time.perf_counter() - moment)
        sent.statuses[head.split(" ", 2)[1]] += 1
    writer.close()


async def _emptied(port: int) -> float:
    """Seconds until nothing waits in the journal any more."""
    began = time.perf_counter()
    async with httpx2.AsyncClient(base_url=f"http://{HOST}:{port}", timeout=30) as client:
        while (await client.get("/readyz")).json()["journal"]["waiting"]:
            if time.perf_counter() - began > EMPTIED_WITHIN:
                raise SystemExit("the journal was not emptied")
            await asyncio.sleep(0.1)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
