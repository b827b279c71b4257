"""Transfers of a caller to somebody else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select
from sqlalchemy import update as update_rows

from linecard.errors import NotFound
from linecard.events import TransferResult
from linecard.store.rows import check_changes, from_row, to_row
from linecard.store.tables import calls, transfers
from linecard.transfers import ACTIVE, Happening, RingOrder, TransferState, step

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from linecard.numbers import AccountKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """One transfer; how its state changes says `linecard.transfers`.

    `legs`: the carrier's ids of the targets' legs of a consultation. `rung`: how many targets have been
    rung, in order, or 1 for all at once. `answers`: what a target did when it was asked for the key, by
    its place: `accepted`, `refused` or `silent`. `brought`: the caller was sent to the room. `consults`: the targets are
    rung while the caller talks with the agent.
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
    order: str = RingOrder.TOGETHER.value
    whisper: str | None = None
    accept_key: str | None = None
    rung: int = 0
    answers: Mapping[str, str] = field(default_factory=dict)
    brought: bool = False
    consults: bool = False

    @property
    def in_order(self) -> bool:
        """Whether the targets are rung one after the other."""
        return self.order == RingOrder.SEQUENCE

    @property
    def asks(self) -> bool:
        """Whether a target is told or asked something before the caller is connected: of a warm transfer by
        one document it is told by itself that a caller comes."""
        is_told = self.mode == "warm" and not self.consults
        return is_told or self.whisper is not None or self.accept_key is not None

    @property
    def is_active(self) -> bool:
        """Whether it is not decided yet."""
        return self.state in ACTIVE


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
    known = await of_call(conn, call_id)
    waiting = [item for item in known if item.state is TransferState.WAITING]
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


async def move(conn: AsyncConnection, id: str, what: Happening, **changes: Any) -> Transfer | None:
    """Let something happen to a transfer, with other changes of its row where that is allowed.

    None, and nothing is changed, where it is not there or the table does not allow it.
    """
    current = await get(conn, id)
    after = step(current.state, what) if current else None
    return await _write(conn, id, state=after, **changes) if after else None


async def update(conn: AsyncConnection, id: str, **changes: Any) -> Transfer:
    """Change some fields; the state changes by `move` alone. Raises NotFound."""
    check_changes(Transfer, changes, fixed=("id", "call", "created_at", "state"))
    return await _write(conn, id, **changes)


async def _write(conn: AsyncConnection, id: str, **changes: Any) -> Transfer:
    if changes:
        await conn.execute(update_rows(transfers).where(transfers.c.id == id).values(changes))
    transfer = await get(conn, id)
    if transfer is None:
        raise NotFound("transfer", id)
    return transfer
