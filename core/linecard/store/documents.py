"""Documents as they were given to a carrier, so that a repeat gets the same bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from linecard.store.rows import from_row, insert
from linecard.store.tables import documents

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptDocument:
    """A document that was given out."""

    status: int
    content_type: str
    body: bytes


async def get(
    conn: AsyncConnection, call_id: str, kind: str, reference: str
) -> KeptDocument | None:
    """The document kept for one address of a call."""
    query = select(documents).where(
        documents.c.call_id == call_id,
        documents.c.kind == kind,
        documents.c.reference == reference,
    )
    row = (await conn.execute(query)).mappings().first()
    return from_row(KeptDocument, row) if row else None


async def put(
    conn: AsyncConnection,
    call_id: str,
    kind: str,
    reference: str,
    status: int,
    content_type: str,
    body: bytes,
) -> tuple[KeptDocument, bool]:
    """Keep a document; the one that is kept from now on, and whether it is this one: the first is."""
    row = {
        "call_id": call_id,
        "kind": kind,
        "reference": reference,
        "status": status,
        "content_type": content_type,
        "body": body,
    }
    added = insert(conn, documents).values(row).on_conflict_do_nothing()
    is_first = (await conn.execute(added.returning(documents.c.kind))).first() is not None
    kept = await get(conn, call_id, kind, reference)
    return kept or KeptDocument(status=status, content_type=content_type, body=body), is_first
