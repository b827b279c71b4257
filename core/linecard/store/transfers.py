"""Transfers of a caller to somebody else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import insert, select
from sqlalchemy import update as update_rows

from linecard.errors import NotFound
from linecard.events import TransferResult
from linecard.store.rows import check_changes, from_row, to_row
from linecard.store.tables import calls, transfers

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from linecard.store.calls import AccountKey

TransferState = Literal["waiting", "dialing", "consulting", "joining", "bridged", "ended"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """One transfer. `waiting`: the carrier has not yet asked for its document.

    With consultation: `consulting` while the targets ring, `joining` once one has answered; `legs`
    are the carrier's ids of their legs.
    """

    id: str
    call: str
    targets: tuple[str, ...]
    mode: str
    ring_seconds: int
    state: TransferState
    result: TransferResult | None
    created_at: datetime
    legs: Mapping[str, str] = field(default_factory=dict)


async def add(conn: AsyncConnection, transfer: Transfer) -> None:
    """Write a new transfer."""
    await conn.execute(insert(transfers).values(to_row(transfer)))


async def get(conn: AsyncConnection, id: str) -> Transfer | None:
    """A transfer by its id."""
    query = select(transfers).where(transfers.c.id == id)
    row = (await conn.execute(query)).mappings().first()
    return from_row(Transfer, row) if row else None


async def of_call(conn: AsyncConnection, call_id: str) -> list[Transfer]:
    """The transfers of a call, oldest first."""
    query = select(transfers).where(transfers.c.call == call_id)
    found = await conn.execute(query.order_by(transfers.c.created_at, transfers.c.id))
    return [from_row(Transfer, row) for row in found.mappings()]


async def pending(conn: AsyncConnection, call_id: str) -> Transfer | None:
    """The newest transfer whose document has not been asked for."""
    waiting = [item for item in await of_call(conn, call_id) if item.state == "waiting"]
    return waiting[-1] if waiting else None


async def count_targets(
    conn: AsyncConnection, since: datetime, account: AccountKey | None = None
) -> int:
    """How many numbers were dialled by transfers since a moment, of all calls or of one account's."""
    query = select(transfers.c.targets).where(transfers.c.created_at >= since)
    if account is not None:
        of_account = (calls.c.provider == account[0], calls.c.account == account[1])
        query = query.join(calls, calls.c.id == transfers.c.call).where(*of_account)
    return sum(len(targets) for targets in (await conn.execute(query)).scalars())


async def update(conn: AsyncConnection, id: str, **changes: Any) -> Transfer:
    """Change some fields. Raises NotFound."""
    check_changes(Transfer, changes, fixed=("id", "call", "created_at"))
    if changes:
        await conn.execute(update_rows(transfers).where(transfers.c.id == id).values(changes))
    transfer = await get(conn, id)
    if transfer is None:
        raise NotFound("transfer", id)
    return transfer
