"""`/api/calls/{id}/hangup|transfer|dtmf|recording`: commands from outside the agent.

They go through the live call where there is one, so that agent and asker agree.
"""

from __future__ import annotations

from fastapi import APIRouter

from linecard.calls import Call, CallStatus
from linecard.carrier import KeysBy
from linecard.errors import CallOver, Conflict
from linecard.exchange import endings, pressing, recording_acts
from linecard.exchange.context import Exchange
from linecard.exchange.running_call import RunningCall
from linecard.exchange.tapping import note_ask
from linecard.http.api.description import problems
from linecard.http.api.lookups import existing_call
from linecard.http.api.models import Accepted, DigitsIn, RecordingDone, RecordingIn, TransferIn
from linecard.media.tones import check_keys
from linecard.transfers import TransferWish

HUNG_UP = "hung up by API"
STREAM_SECONDS = 1.0


def commands_router(exchange: Exchange) -> APIRouter:
    """The commands of `/api/calls/{id}`."""
    described = problems(404, 409, 422, 429, 501, 502)
    router = APIRouter(prefix="/calls/{call_id}", tags=["calls"], responses=described)

    @router.post("/hangup", status_code=202)
    async def hang_up(call_id: str) -> Accepted:
        await _hang_up(exchange, await _living(exchange, call_id))
        return Accepted()

    @router.post("/transfer", status_code=202)
    async def transfer(call_id: str, body: TransferIn) -> Accepted:
        await _transfer(exchange, await _living(exchange, call_id), _wish(body))
        return Accepted()

    @router.post("/dtmf", status_code=202)
    async def dtmf(call_id: str, body: DigitsIn) -> Accepted:
        await _send_digits(exchange, await _living(exchange, call_id), body)
        return Accepted()

    @router.post("/recording", status_code=202)
    async def record(call_id: str, body: RecordingIn) -> RecordingDone:
        call = await _living(exchange, call_id)
        note_ask(exchange, call, "record-by-api", action=body.do)
        done = await recording_acts.act(exchange, call, body.do, body.resume_after)
        return RecordingDone(result=done)

    return router


async def _living(exchange: Exchange, call_id: str) -> Call:
    """A call that is not over. Raises NotFound or CallOver."""
    call = await existing_call(exchange, call_id)
    if call.is_over:
        raise CallOver(call.id, call.end_reason or str(call.status))
    return call


async def _hang_up(exchange: Exchange, call: Call) -> None:
    """At the carrier first, then the stream: through the live call where there is one."""
    live = exchange.lives.get(call.id)
    if live is None:
        note_ask(exchange, call, "hang-up-by-api", reason=HUNG_UP)
        await endings.hang_up(exchange, call, HUNG_UP)
    else:
        await live.hang_up(now=True, reason=HUNG_UP)


def _wish(body: TransferIn) -> TransferWish:
    return TransferWish(
        targets=tuple(body.to),
        mode=body.mode,
        ring_seconds=body.timeout,
        order=body.order,
        whisper=body.whisper,
        accept_key=body.accept_key,
    )


async def _transfer(exchange: Exchange, call: Call, wish: TransferWish) -> None:
    """Begin a transfer; its result is an event of the call. Raises what the gate and the carrier refuse."""
    exchange.relay(call).require("transfer", call.profile)
    live = await _with_stream(exchange, call)
    await live.begin_transfer(wish)


async def _with_stream(exchange: Exchange, call: Call) -> RunningCall:
    """The live call with its stream, which the record may tell of a moment before. Raises Conflict."""
    live = exchange.lives.get(call.id)
    ends = exchange.clock.now() + STREAM_SECONDS
    while not (live and live.streaming):
        due = call.status is CallStatus.IN_PROGRESS and exchange.clock.now() < ends
        if not due or (live and (live.handed_over or live.transferring)):
            raise _too_early(call, live)
        await exchange.clock.sleep(STREAM_SECONDS / 20)
        live = exchange.lives.get(call.id)
    return live


async def _send_digits(exchange: Exchange, call: Call, body: DigitsIn) -> None:
    """Press keys: on the stream where the call has one, else by the carrier's API."""
    live = exchange.lives.get(call.id)
    if live is not None and live.streaming:
        await live.send_digits(body.digits, how=body.how)
        return
    by_api = body.how in (None, KeysBy.API)
    if by_api:
        exchange.relay(call).require("send_digits", call.profile)
    if not by_api or call.status is not CallStatus.IN_PROGRESS:
        raise _too_early(call, live)
    note_ask(exchange, call, "digits-by-api", digits=body.digits)
    await pressing.by_api(exchange, call, check_keys(body.digits))


def _too_early(call: Call, live: RunningCall | None) -> Conflict:
    if call.status is not CallStatus.IN_PROGRESS:
        return Conflict(f"call {call.id} is {call.status}: nobody has answered it yet")
    if live is not None and live.handed_over:
        return Conflict(f"call {call.id} was handed over; no agent holds it any more")
    return Conflict(f"call {call.id} has no stream now; try again when it has one")
