"""The body of a notification: one shape for every type, made once, the same bytes on every delivery."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from linecard.calls import Call
from linecard.exchange.costs import total_cost
from linecard.store import timeline
from linecard.store.columns import write_json

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from linecard.exchange.notifying.facts import Told


async def body(
    conn: AsyncConnection, call: Call, told: Told, id: str, sequence: int, at: datetime
) -> str:
    """The JSON text, ASCII alone; `call` as it stands with what is told."""
    content = {
        "id": id,
        "type": told.type,
        "at": _time(at),
        "sequence": sequence,
        "call": await _call(conn, call),
        "facts": told.facts,
    }
    return write_json(_clean(content))


async def _call(conn: AsyncConnection, call: Call) -> Mapping[str, object]:
    lines = await timeline.of_call(conn, call.id) if call.is_over else ()
    return {
        "id": call.id,
        "status": call.status,
        "direction": call.direction,
        "from": call.from_,
        "to": call.to,
        "number": call.number,
        "provider": call.provider,
        "account": call.account,
        "agent": call.agent,
        "metadata": call.metadata,
        "created_at": _time(call.created_at),
        "answered_at": _time(call.answered_at),
        "ended_at": _time(call.ended_at),
        "duration": call.duration,
        "cost": total_cost(call, lines),
        "end_reason": call.end_reason,
        "outcome": call.outcome,
    }


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _clean(value: Any) -> Any:
    """Half characters, which a carrier may send and most readers of JSON refuse, are replaced."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, Mapping):
        return {_clean(name): _clean(inner) for name, inner in value.items()}
    is_list = isinstance(value, Sequence) and not isinstance(value, bytes)
    return [_clean(inner) for inner in value] if is_list else value
