"""What pods write, whatever that is, and however much: it is read to the end, and the server goes on."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable

import pytest
from structlog.testing import capture_logs

from linecard.pods import pod_logs
from linecard.pods.pod_logs import LONGEST_LINE, pass_on, passed_on

HOSTILE = (
    b'{"event": "one", "self": 1}',
    b'{"event": "two", "method_name": "x", "exc_info": {"a": 1}, "_name": 3}',
    b'{"event": ["three"], "level": "exception", "pod": "another", "timestamp": 0}',
    b"[" * 10_000,
    b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    b'"\\ud800"',
    b"\xff\xfe",
    b"",
)


async def _logged(lines: Iterable[bytes]) -> list[dict[str, object]]:
    reader = asyncio.StreamReader()
    for line in lines:
        reader.feed_data(line + b"\n")
    reader.feed_eof()
    with capture_logs() as logs:
        await pass_on(reader, "pod-1")
    return [dict(line) for line in logs]


@pytest.mark.parametrize("line", HOSTILE)
async def test_no_line_ends_the_reading(line: bytes) -> None:
    first, last = await _logged([line, b'{"event": "after", "call": "c1"}'])
    assert (last["event"], last["call"], last["pod"]) == ("after", "c1", "pod-1")
    assert first["pod"] == "pod-1"


async def test_of_a_long_line_the_end_is_left_out() -> None:
    logs = await _logged([b"x" * (3 * LONGEST_LINE), b"after"])
    assert [line["text"] for line in logs][-1] == "after"
    assert max(len(str(line["text"])) for line in logs) == LONGEST_LINE


async def test_a_flood_is_counted_and_leaves_the_loop_to_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pod_logs, "LINES_A_SECOND", 0)
    rounds = 0

    async def others() -> None:
        nonlocal rounds
        while True:
            await asyncio.sleep(0)
            rounds += 1

    task = asyncio.create_task(others())
    logs = await _logged([b""] * 1_000_000)
    task.cancel()
    assert len(logs) == pod_logs.LINES_AT_ONCE
    assert rounds >= 1_000_000 // pod_logs.CHUNK


async def test_what_holds_the_pipe_after_the_end_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pod_logs, "LAST_LINES_SECONDS", 0.05)
    with capture_logs() as logs:
        async with asyncio.timeout(5):
            async with passed_on("pod-1") as pipe:
                held = os.dup(pipe)
                os.write(pipe, b"the last words\n")
    os.close(held)
    assert [line["text"] for line in logs] == ["the last words"]
