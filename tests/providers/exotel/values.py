"""Values that several test files build on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from linecard import Call, CallStatus, Cleared, Direction, Number, PlaceOrder, Secret
from linecard.outbound.gate import Gate
from linecard_exotel.facts import CONNECT, VOICEBOT
from linecard_exotel.settings import ExotelSettings

SID = "acme1"
KEY, TOKEN = "key0123456789", "token0123456789"
USER, PASSWORD = "linecard", "a-long-password"
OURS, CUSTOMER, HUMAN = "+918047113155", "+919494865411", "+919812345678"
CALL_ID = "0123456789abcdef0123"
CALL_SID = "c5797dcbaaeed7678c4062a4a3ed2f8a"


def settings(**given: Any) -> ExotelSettings:
    defaults: dict[str, Any] = {"api_key": KEY, "api_token": Secret(TOKEN), "sid": SID}
    return ExotelSettings(**(defaults | given))


def guarded(**given: Any) -> ExotelSettings:
    """With Basic auth on what a person pastes."""
    return settings(webhook_user=USER, webhook_password=Secret(PASSWORD), **given)


def call(**more: Any) -> Call:
    given: dict[str, Any] = {
        "id": CALL_ID,
        "provider": "exotel",
        "account": "main",
        "direction": Direction.OUTBOUND,
        "from_": OURS,
        "to": CUSTOMER,
        "number": OURS,
        "agent": "echo",
        "profile": VOICEBOT.name,
        "status": CallStatus.IN_PROGRESS,
        "created_at": datetime.now(UTC),
        "carrier_ids": {"call_sid": CALL_SID},
    }
    return Call(**(given | more))


def number(**more: Any) -> Number:
    return Number(id="n1", number=OURS, provider="exotel", account="main", agent="echo", **more)


def cleared(address: str = CUSTOMER) -> Cleared:
    return Gate(frozenset({"US", "IN"}), ("sip:*@pbx.example", "+91*")).clear_target(address, ())


def order(**more: Any) -> PlaceOrder:
    url = "https://voice.example.com/exotel/answer?a=main&c=1&k=answer&t=x"
    given: dict[str, Any] = {
        "call": call(carrier_ids={}, options={"flow_id": "92"}),
        "to": cleared(),
        "profile": VOICEBOT,
        "answer_url": url,
        "fallback_url": url,
        "ringing_url": url,
        "ended_url": "https://voice.example.com/exotel/callback/status?a=main&c=1&k=ended&t=x",
        "machine_url": url,
    }
    return PlaceOrder(**(given | more))


__all__ = ["CONNECT", "VOICEBOT"]
