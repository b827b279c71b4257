"""The flight recorder's ears: around the hooks of every account, around a request, around a live call."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from linecard.calls import Call
from linecard.carrier import Answer, Command, PlacedCall
from linecard.errors import RequestRefused
from linecard.flight import Flight
from linecard.flight.plain import error as as_error
from linecard.plugins.specs import PROVIDER, may_be_async

if TYPE_CHECKING:
    from linecard.exchange.context import Exchange
    from linecard.exchange.flights import Flights
    from linecard.plugins.relay import Hook
    from linecard.webhook import Callback, CarrierRequest, Reply


def hook_tap(flights: Flights) -> Callable[[str, str, str, Hook], Hook]:
    """What records every request to a carrier that concerns a call: what was asked, what came of it."""

    def tap(provider: str, _account: str, name: str, hook: Hook) -> Hook:
        if name == "answer":
            return _answering(flights, hook)
        return _asking(flights, provider, name, hook) if may_be_async(name) else hook

    return tap


def _asking(flights: Flights, provider: str, name: str, hook: Hook) -> Hook:
    signature = PROVIDER[name]

    def call(*args: Any, **kwargs: Any) -> Any:
        given = signature.bind(*args, **kwargs).arguments
        flight = _whose(flights, provider, given)
        if flight is None:
            return hook(*args, **kwargs)
        return _recorded(flights, flight, provider, name, given, lambda: hook(*args, **kwargs))

    return call


def _whose(flights: Flights, provider: str, given: Mapping[str, Any]) -> Flight | None:
    """The call that a request concerns: named itself, or by what the carrier calls it."""
    call = given.get("call") or getattr(given.get("order"), "call", None)
    if isinstance(call, Call):
        flight = flights.of(call)
        flights.learn(flight, provider, (_pair(call.number, call.to),))
        return flight
    names = [*given.get("ids", {}).values(), given.get("recording") or ""]
    if "since" in given:
        names.append(_pair(given["from_"], given["to"].address))
    return flights.named(provider, names)


def _pair(from_: str, to: str) -> str:
    return f"{from_}>{to}"


async def _recorded(
    flights: Flights,
    flight: Flight,
    provider: str,
    name: str,
    given: Mapping[str, Any],
    ask: Callable[[], Awaitable[Any]],
) -> Any:
    began = flight.now()
    facts: dict[str, Any] = {"hook": name, "args": given}
    try:
        result = facts["result"] = await ask()
    except BaseException as error:
        facts["error"] = as_error(error)
        raise
    else:
        flights.learn(flight, provider, _names(name, result))
        return result
    finally:
        flight.put_at(began, "hook", facts | {"seconds": flight.now() - began})


def _names(name: str, result: Any) -> tuple[str, ...]:
    """Names that the carrier has given in its answer."""
    if isinstance(result, PlacedCall):
        return tuple(result.carrier_ids.values())
    return (result,) if name == "start_recording" and isinstance(result, str) else ()


def _answering(flights: Flights, hook: Hook) -> Hook:
    """Commands beside an answer are requests to the carrier too."""

    def answer(*args: Any, **kwargs: Any) -> Answer:
        made: Answer = hook(*args, **kwargs)
        call = PROVIDER["answer"].bind(*args, **kwargs).arguments["call"]
        if call is None or not made.effects:
            return made
        return replace(made, effects=tuple(_command(flights, call, one) for one in made.effects))

    return answer


def _command(flights: Flights, call: Call, command: Command) -> Command:
    async def request() -> object:
        flight, name = flights.of(call), f"command {command.name}"
        return await _recorded(flights, flight, call.provider, name, {}, command.request)

    undo = command.undo and _command(flights, call, command.undo)
    return replace(command, request=request, undo=undo)


@dataclass(slots=True)
class Seen:
    """What becomes known of a carrier's request on its way; `stage` is how far it came.

    `began` and `accepted`, when what it says was applied, are moments of the call's clock.
    """

    began: float
    request: CarrierRequest
    stage: str = "token"
    callback: Callback | None = None
    call: Call | None = None
    accepted: float | None = None


def note_request(
    exchange: Exchange, seen: Seen, reply: Reply | None, error: BaseException | None = None
) -> None:
    """Record a request of which a call is known; what carries no token of ours is nobody's."""
    flights = exchange.flights
    if seen.call is not None and seen.call.is_forgotten:
        return
    if flights is None or (error is not None and seen.stage == "token"):
        return
    flight = flights.of(seen.call) if seen.call else flights.of_id(seen.request.call)
    if flight is None:
        return
    refused = {"status": error.status} if isinstance(error, RequestRefused) else {}
    facts = {
        "request": seen.request,
        "callback": seen.callback,
        "reply": reply,
        "stage": seen.stage,
        "error": as_error(error) | refused if error else None,
        "ms": _milliseconds(flight.now() - seen.began),
        "accepted_ms": seen.accepted and _milliseconds(seen.accepted - seen.began),
    }
    flight.put_at(seen.began, "webhook", facts)


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 3)


def note_ask(exchange: Exchange, call: Call, ask: str, **facts: object) -> None:
    """Record what was asked of a call from outside where no agent holds it."""
    if exchange.flights is not None:
        exchange.flights.of(call).put("ask", {"ask": ask, **facts})
