"""How each hook that speaks to the carrier's API is asked, and what it said while it was."""

from __future__ import annotations

import asyncio
import io
import logging
import traceback
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import Any

import pytest

from linecard.calls import CallStatus
from linecard.carrier import (
    ConnectOrder,
    PlaceOrder,
    RecordAt,
    RecordingOrder,
    TransferOrder,
)
from linecard.testing.bench import SOCKET_URL, Bench
from linecard.testing.samples import ApiSamples, Says
from linecard.testing.server import Api, Decide, Fault, api
from linecard.testing.speaking import TARGET, address, example
from linecard.verbs import Redirect, Stream
from linecard.webhook import Kind

Outcome = Any
Ask = Callable[[Bench, Any], Awaitable[Any]]
BEFORE_THE_END = 0.02
"""Seconds in which connections that the server has closed are let go."""


def place_order(bench: Bench, **changes: Any) -> PlaceOrder:
    """A dial on the first profile that needs no options, or all that the test sets."""
    profile = bench.dialling_profile()
    url = {kind: address(bench, kind) for kind in Kind}
    given: dict[str, Any] = {
        "call": bench.call(carrier_ids={}, status=CallStatus.QUEUED, profile=profile.name),
        "to": bench.cleared(),
        "profile": profile,
        "answer_url": url[Kind.ANSWER],
        "fallback_url": url[Kind.FALLBACK],
        "ringing_url": url[Kind.RINGING],
        "ended_url": url[Kind.ENDED],
        "machine_url": url[Kind.MACHINE],
        "recording": _recording(bench),
        "verbs": _at_dial(bench) if profile.at_dial else (),
    }
    return PlaceOrder(**given | changes)


def _recording(bench: Bench) -> RecordingOrder | None:
    if bench.provider.facts().record_outbound is not RecordAt.DIAL:
        return None
    return recording_order(bench)


def recording_order(bench: Bench) -> RecordingOrder:
    """A recording of at most half an hour."""
    return RecordingOrder(callback_url=address(bench, Kind.RECORDING), max_seconds=1860)


def _at_dial(bench: Bench) -> tuple[Any, ...]:
    return example(bench, Stream, profile=bench.dialling_profile()), example(bench, Redirect)


def _transfer_order(bench: Bench) -> TransferOrder:
    return TransferOrder(
        reference="t1",
        document_url=address(bench, Kind.TRANSFER, "t1"),
        targets=(bench.cleared(TARGET),),
        caller_id=bench.case.ours,
        callback_url=address(bench, Kind.LEG, "t1"),
    )


def _connect_order(bench: Bench) -> ConnectOrder:
    return ConnectOrder(
        name="linecard-voice.example.com",
        apply=True,
        answer_url=address(bench, Kind.ANSWER),
        ended_url=address(bench, Kind.ENDED),
        fallback_url=address(bench, Kind.FALLBACK),
    )


ASKS: Mapping[str, Ask] = {
    "place_call": lambda bench, it: it.place_call(place_order(bench)),
    "find_call": lambda bench, it: it.find_call(bench.call().carrier_ids),
    "search_calls": lambda bench, it: it.search_calls(
        bench.case.ours, bench.cleared(), 1_767_225_600.0
    ),
    "hang_up": lambda bench, it: it.hang_up(bench.call()),
    "cancel_call": lambda bench, it: it.cancel_call(bench.call(status=CallStatus.RINGING)),
    "send_digits": lambda bench, it: it.send_digits(bench.call(), "12#"),
    "start_recording": lambda bench, it: it.start_recording(bench.call(), recording_order(bench)),
    "stop_recording": lambda bench, it: it.stop_recording(bench.call(), "recording-1"),
    "pause_recording": lambda bench, it: it.pause_recording(bench.call(), "recording-1", False),
    "fetch_recording": lambda _bench, it: it.fetch_recording("recording-1", None),
    "delete_recording": lambda _bench, it: it.delete_recording("recording-1"),
    "transfer": lambda bench, it: it.transfer(bench.call(), _transfer_order(bench)),
    "connect_number": lambda bench, it: it.connect_number(bench.number(), _connect_order(bench)),
    "disconnect_number": lambda bench, it: it.disconnect_number(bench.number()),
    "rates": lambda _bench, it: it.rates("+1415"),
}
"""Every hook that is awaited, asked for the usual thing."""


@dataclass(frozen=True, slots=True)
class Heard:
    """How a hook ended: with `result`, or with `error`; what arrived, and what was printed or logged."""

    result: Any
    error: Exception | None
    server: Api
    said: str

    @property
    def trace(self) -> str:
        """The error as a log would show it."""
        return "".join(traceback.format_exception(self.error)) if self.error else ""


def samples_of(bench: Bench) -> ApiSamples:
    """The API's answers; the check is skipped where the test has none."""
    if bench.case.api is None:
        pytest.skip("the test has no `api`")
    return bench.case.api


def ask(bench: Bench, hook: str, says: Says | Fault | Decide, asked: Ask | None = None) -> Heard:
    """Ask a hook while the API answers like this."""
    bench.needs(hook)
    samples = samples_of(bench)
    with api(says) as server, listening() as said:
        result, error = asyncio.run(_ask(bench, asked or ASKS[hook], samples.setting, server))
    return Heard(result, error, server, said.getvalue())


async def _ask(bench: Bench, asked: Ask, setting: str, server: Api) -> tuple[Any, Exception | None]:
    provider = bench.make(**{setting: server.url})
    freed = asyncio.create_task(_free(server))
    try:
        return await asked(bench, provider), None
    except Exception as error:  # noqa: BLE001  whatever it is, the check judges it
        return None, error
    finally:
        freed.cancel()
        server.release()
        await asyncio.sleep(BEFORE_THE_END)


async def _free(server: Api) -> None:
    """Release an answer that is held, from the event loop: a loop that is blocked never does."""
    while not server.arrived:  # the server is in another thread
        await asyncio.sleep(0.005)
    server.release()


@contextmanager
def listening() -> Iterator[io.StringIO]:
    """Everything that is printed, and logged at any level."""
    said = io.StringIO()
    handler, root = logging.StreamHandler(said), logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        with redirect_stdout(said), redirect_stderr(said):
            yield said
    finally:
        root.setLevel(before)
        root.removeHandler(handler)


def socket_url(bench: Bench) -> str:
    """The media socket that an example of a stream names."""
    return SOCKET_URL.format(name=bench.known_as())
