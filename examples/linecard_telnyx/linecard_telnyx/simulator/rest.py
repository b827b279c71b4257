"""The Call Control API: what each command takes, when it may be given, what it does."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from linecard.simulator.ledger import What
from linecard.simulator.lines import Prompt
from linecard.simulator.speech import speech
from linecard_telnyx.simulator import recordings
from linecard_telnyx.simulator.legs import Ending, Leg
from linecard_telnyx.simulator.living import NORMAL, live, open_stream, outgoing, pick_up
from linecard_telnyx.simulator.switch import API_KEY, CONNECTION, iso

if TYPE_CHECKING:
    from linecard_telnyx.simulator.switch import Switch

Json = Mapping[str, Any]
Endpoint = Callable[[Request], Awaitable[Response]]


class Refused(Exception):
    """An answer that is an error: HTTP status, Telnyx's code, its title."""

    def __init__(self, status: int, code: str, title: str) -> None:
        super().__init__(title)
        self.answer = JSONResponse({"errors": [{"code": code, "title": title}]}, status)


STREAM = frozenset(
    [
        "stream_url",
        "stream_track",
        "stream_codec",
        "stream_bidirectional_mode",
        "stream_bidirectional_codec",
        "stream_bidirectional_sampling_rate",
        "stream_bidirectional_target_legs",
    ]
)
RECORD = frozenset(["record", "record_channels", "record_format", "record_max_length"])
DIAL = (
    STREAM
    | RECORD
    | frozenset(
        [
            "connection_id",
            "to",
            "from",
            "webhook_url",
            "webhook_url_method",
            "webhook_urls",
            "client_state",
            "command_id",
            "timeout_secs",
            "time_limit_secs",
            "answering_machine_detection",
            "stream_establish_before_call_originate",
        ]
    )
)
EVERY = frozenset({"command_id", "client_state"})
TRANSFER = frozenset(
    ["to", "from", "timeout_secs", "time_limit_secs", "webhook_url", "target_leg_client_state"]
)


async def _answer(switch: Switch, leg: Leg, wish: Json) -> None:
    leg.webhook_url = wish.get("webhook_url", leg.webhook_url)
    leg.client_state = wish.get("client_state", leg.client_state)
    await pick_up(switch, leg, wish)


async def _hangup(_switch: Switch, leg: Leg, _wish: Json) -> None:
    leg.end(Ending(NORMAL if leg.answered else "originator_cancel", "caller"))


async def _reject(_switch: Switch, leg: Leg, wish: Json) -> None:
    busy = wish.get("cause") == "USER_BUSY"
    leg.end(Ending("user_busy" if busy else "call_rejected", "callee"))


async def _stream(switch: Switch, leg: Leg, wish: Json) -> None:
    if leg.stream is not None:
        raise Refused(422, "90045", "Only one stream at a time")
    switch.tasks.start(open_stream(switch, leg, wish), "stream")


async def _speak(switch: Switch, leg: Leg, wish: Json) -> None:
    _prompt(switch, leg, speech(str(wish["payload"])), "call.speak.ended")


async def _playback(switch: Switch, leg: Leg, wish: Json) -> None:
    file = await switch.courier.fetch(str(wish["audio_url"]))
    _prompt(switch, leg, file.body[44:], "call.playback.ended")


def _prompt(switch: Switch, leg: Leg, sound: bytes, event: str) -> None:
    if leg.line is not None:
        leg.line.add(Prompt(sound, ended=lambda: switch.tell(leg, event, status="completed")))


async def _record(switch: Switch, leg: Leg, wish: Json) -> None:
    recordings.start(switch, leg, float(wish.get("max_length", 0)))


async def _dtmf(switch: Switch, leg: Leg, wish: Json) -> None:
    if leg.handset is not None:
        leg.handset.hear_digits(str(wish["digits"]))
    facts = {"digits": wish["digits"], "leg": leg.control}
    switch.ledger.write(What.DIGITS_SENT, leg.call, **facts)


async def _transfer(switch: Switch, leg: Leg, wish: Json) -> None:
    target = Leg(
        direction="outgoing",
        from_=wish.get("from", leg.to),
        to=str(wish["to"]),
        webhook_url=wish.get("webhook_url", leg.webhook_url),
        client_state=wish.get("target_leg_client_state"),
        session=leg.session,
        caller=leg,
    )
    leg.target = target
    switch.legs[target.control] = target
    switch.ledger.write(What.TRANSFER, leg.call, leg=target.control)
    switch.tasks.start(live(switch, target, outgoing(switch, target, wish)), "transfer")


Action = Callable[["Switch", Leg, Json], Awaitable[None]]
ACTIONS: Mapping[str, tuple[frozenset[str], frozenset[str], str, Action]] = {
    "answer": (frozenset(), STREAM | RECORD | {"webhook_url"}, "parked", _answer),
    "reject": (frozenset({"cause"}), frozenset(), "parked", _reject),
    "hangup": (frozenset(), frozenset(), "", _hangup),
    "streaming_start": (frozenset({"stream_url"}), STREAM, "answered", _stream),
    "speak": (frozenset({"payload", "voice"}), frozenset({"language"}), "answered", _speak),
    "playback_start": (frozenset({"audio_url"}), frozenset({"loop"}), "answered", _playback),
    "record_start": (
        frozenset({"format", "channels"}),
        frozenset({"max_length"}),
        "answered",
        _record,
    ),
    "send_dtmf": (frozenset({"digits"}), frozenset(), "answered", _dtmf),
    "transfer": (frozenset({"to"}), TRANSFER, "answered", _transfer),
}
"""Of each command: what it must have, what else it takes, the state it needs, what it does."""


def rest_routes(switch: Switch) -> list[Route]:
    """`/v2/calls`, `/v2/calls/{id}`, `/v2/calls/{id}/actions/{action}`, `/v2/recordings`, `/files`."""

    async def place(request: Request) -> Response:
        wish = await _body(request)
        _check(wish, frozenset({"connection_id", "to", "from"}), DIAL)
        if wish["connection_id"] != CONNECTION:
            raise Refused(422, "10015", "No such connection")
        leg = _dialled(wish)
        switch.legs[leg.control] = leg
        switch.tasks.start(live(switch, leg, outgoing(switch, leg, wish)), "call")
        return JSONResponse({"data": {"record_type": "call", "is_alive": False, **leg.ids()}})

    async def command(request: Request) -> Response:
        leg, action = _leg(switch, request), request.path_params["action"]
        wish = await _body(request)
        if action not in ACTIONS:
            raise Refused(404, "10005", "No such command")
        must, may, state, act = ACTIONS[action]
        _check(wish, must, must | may | EVERY)
        if leg.is_over:
            raise Refused(422, "90018", "Call has already ended")
        if state and leg.state != state:
            raise Refused(422, "90034", f"Call is {leg.state}, not {state}")
        if wish.get("command_id") not in leg.commands:
            leg.commands |= {wish["command_id"]} if "command_id" in wish else set()
            await act(switch, leg, wish)
        return JSONResponse({"data": {"result": "ok"}})

    async def status(request: Request) -> Response:
        leg = _leg(switch, request)
        seen: dict[str, Any] = {"record_type": "call", **leg.ids(), "is_alive": False}
        seen["is_alive"] = leg.state == "answered"
        if leg.is_over:
            seen["end_time"] = iso(switch.clock.unix())
            seen["call_duration"] = round(switch.clock.unix() - leg.answered) if leg.answered else 0
        return JSONResponse({"data": seen})

    async def list_recordings(request: Request) -> Response:
        wanted = request.query_params.get("filter[call_leg_id]")
        found = [one for one in switch.recordings.values() if wanted in (None, one.leg.id)]
        return JSONResponse({"data": [_shown(switch, one) for one in found], "meta": {}})

    async def file(request: Request) -> Response:
        kept = switch.recordings.get(request.path_params["id"])
        if kept is None or float(request.query_params.get("until", 0)) < switch.clock.unix():
            return Response("<Error><Code>AccessDenied</Code></Error>", 403)
        return Response(kept.tape.wav(stereo=True), media_type="audio/wav")

    return [
        Route("/v2/calls", _guarded(switch, place), methods=["POST"]),
        Route("/v2/calls/{id}/actions/{action}", _guarded(switch, command), methods=["POST"]),
        Route("/v2/calls/{id}", _guarded(switch, status)),
        Route("/v2/recordings", _guarded(switch, list_recordings)),
        Route("/files/{id}.wav", file),
    ]


def _dialled(wish: Json) -> Leg:
    return Leg(
        direction="outgoing",
        from_=wish["from"],
        to=wish["to"],
        webhook_url=wish["webhook_url"],
        webhook_urls=wish.get("webhook_urls", {}),
        client_state=wish.get("client_state"),
    )


def _shown(switch: Switch, one: recordings.Recording) -> dict[str, Any]:
    return {
        "id": one.id,
        "call_leg_id": one.leg.id,
        "recording_started_at": iso(one.begun),
        "recording_ended_at": iso(one.ended),
        "download_urls": {"wav": recordings.link(switch, one)},
        "status": "completed",
    }


def _leg(switch: Switch, request: Request) -> Leg:
    leg = switch.legs.get(request.path_params["id"])
    if leg is None:
        raise Refused(404, "10005", "Resource not found")
    return leg


async def _body(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.body())
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Refused(400, "10015", "The body is not a JSON object")
    return body


def _check(wish: Json, must: frozenset[str], may: frozenset[str]) -> None:
    missing, strange = must - wish.keys(), wish.keys() - may
    if missing or strange:
        title = f"missing {', '.join(sorted(missing))}; unknown {', '.join(sorted(strange))}"
        raise Refused(422, "10015", title)
    for name, most in (("timeout_secs", 600), ("time_limit_secs", 14_400)):
        if name in wish and not 5 <= wish[name] <= most:
            raise Refused(422, "10015", f"{name} is out of range")


def _guarded(switch: Switch, endpoint: Endpoint) -> Endpoint:
    """The key, errors as answers, faults, and a line in the ledger."""

    async def answer(request: Request) -> Response:
        response = await _answered(switch, endpoint, request)
        body = await request.body()
        switch.ledger.write(
            What.REQUEST,
            method=request.method,
            path=request.url.path,
            body=json.loads(body) if body else None,
            status=response.status_code,
            reply=bytes(response.body).decode(),
        )
        return response

    return answer


async def _answered(switch: Switch, endpoint: Endpoint, request: Request) -> Response:
    if request.headers.get("authorization") != f"Bearer {API_KEY}":
        return Refused(401, "10009", "Authentication failed").answer
    if _happens(switch, "error_before", request):
        return Refused(500, "10016", "Nothing done").answer
    try:
        response = await endpoint(request)
    except Refused as refused:
        return refused.answer
    done = _happens(switch, "error_after", request)
    return Refused(500, "10016", "Done, but not told").answer if done else response


def _happens(switch: Switch, fault: str, request: Request) -> bool:
    fits = re.search(switch.faults.rest, f"{request.method} {request.url.path}")
    return fits is not None and switch.faults.happens(fault)
