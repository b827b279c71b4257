"""A stand-in for the carrier's API: it answers what the record says was answered, and when.

It stands in for the proof of requests too, since their signatures are not kept. It is built by a
replay alone, around an exchange that listens on no port: nothing else can reach it.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import msgspec

from linecard import errors, events
from linecard.carrier import (
    Answer,
    CallLookup,
    Command,
    Download,
    Found,
    HangUpResult,
    PlacedCall,
    TransferStarted,
)
from linecard.clock import Clock
from linecard.flight.reading import Line
from linecard.plugins.relay import Hook
from linecard.plugins.specs import may_be_async
from linecard.replay.media import SilentProtocol
from linecard.webhook import Proof

STRENGTH = 3
UNKNOWN = "the record holds no answer to this"


class StandIn:
    """The carrier as the record has it. `lines` are the requests to it; `origin` where the record begins."""

    def __init__(self, lines: list[Line], clock: Clock, origin: float) -> None:
        self._clock = clock
        self._origin = origin
        self._latest: dict[str, asyncio.Future[Any]] = {}
        self._waiting: defaultdict[str, deque[Line]] = defaultdict(deque)
        for line in lines:
            self._waiting[line["hook"]].append(line)

    def tap(self, provider: str, account: str, name: str, hook: Hook) -> Hook:
        """What stands in the place of a hook."""
        if name == "verify_request":
            return lambda *_args, **_kwargs: Proof("replay", account, STRENGTH)
        if name == "answer":
            return self._answering(provider, hook)
        if name == "open_stream":
            return lambda profile: SilentProtocol(hook(profile), profile)
        return self._asking(provider, name) if may_be_async(name) else hook

    def _asking(self, provider: str, name: str) -> Hook:
        def ask(*_args: Any, **_kwargs: Any) -> Any:
            return self._answer(provider, name)

        return ask

    def _answering(self, provider: str, hook: Hook) -> Hook:
        def answer(*args: Any, **kwargs: Any) -> Answer:
            made: Answer = hook(*args, **kwargs)
            commands = tuple(self._command(provider, one) for one in made.effects)
            return replace(made, effects=commands)

        return answer

    def _command(self, provider: str, command: Command) -> Command:
        async def request() -> object:
            return await self._answer(provider, f"command {command.name}")

        undo = command.undo and self._command(provider, command.undo)
        return replace(command, request=request, undo=undo)

    async def _answer(self, provider: str, name: str) -> Any:
        """The next answer that the record holds to such a request.

        Our own work takes no time here, and did then: what is asked again before the answer was there
        gets the same answer.
        """
        latest = self._latest.get(name)
        if self._waiting[name]:
            said = self._said(provider, name, self._waiting[name].popleft())
            latest = self._latest[name] = asyncio.ensure_future(said)
        elif latest is None or latest.done():
            raise errors.CarrierUnavailable(provider, UNKNOWN)
        return await asyncio.shield(latest)

    async def _said(self, provider: str, name: str, line: Line) -> Any:
        await self._clock.sleep_until(self._origin + line["t"] + line["seconds"])
        if "error" in line:
            raise await _error(provider, name, line["error"])
        return READ.get(name, _same)(line.get("result"))


async def _error(provider: str, name: str, said: Mapping[str, Any]) -> Exception:
    """The error of an answer; one that was broken off never comes."""
    if said["type"] == "CancelledError":
        await asyncio.get_running_loop().create_future()
    kind = getattr(errors, said["type"], None)
    if kind is errors.UnsupportedByProvider:
        return errors.UnsupportedByProvider(provider, said.get("hook", name), said.get("profile"))
    if not (isinstance(kind, type) and issubclass(kind, errors.CarrierError)):
        return RuntimeError(f"{said['type']}: {said['message']}")
    more = {"retry_after": said.get("retry_after")} if kind is errors.CarrierRefused else {}
    return kind(
        provider, said["message"], status=said.get("status"), code=said.get("code", ""), **more
    )


def _same(result: Any) -> Any:
    return result


def _event(said: Mapping[str, Any] | None) -> Any:
    if said is None:
        return None
    facts = {name: value for name, value in said.items() if name != "event"}
    return msgspec.convert(facts, getattr(events, said["event"]), strict=False)


def _lookup(said: Mapping[str, Any]) -> CallLookup:
    return CallLookup(
        found=Found(said["found"]),
        carrier_ids=said["carrier_ids"],
        answered=said["answered"],
        ended=_event(said["ended"]),
        rated=_event(said["rated"]),
        further=tuple(_event(one) for one in said["further"]),
    )


def _converted(kind: type) -> Callable[[Any], Any]:
    return lambda said: msgspec.convert(said, kind, strict=False)


def _download(said: Mapping[str, Any]) -> Download:
    return Download(url=said["url"], hosts=frozenset(said["hosts"]))


READ: Mapping[str, Callable[[Any], Any]] = MappingProxyType(
    {
        "place_call": _converted(PlacedCall),
        "find_call": _lookup,
        "search_calls": lambda said: [_lookup(one) for one in said],
        "hang_up": HangUpResult,
        "cancel_call": HangUpResult,
        "fetch_recording": _download,
        "transfer": _converted(TransferStarted),
    }
)
"""From what a record holds to what a hook returns."""
