"""Documents as they were given to a carrier, so that a repeat gets the same bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, select

from linecard.store.adding import add_row
from linecard.store.prepared import Prepared
from linecard.store.rows import from_row
from linecard.store.tables import documents

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection


_QUERY = select(documents).where(
    documents.c.call_id == bindparam("call_id"),
    documents.c.kind == bindparam("kind"),
    documents.c.reference == bindparam("reference"),
)
_ONE = Prepared(lambda _conn: _QUERY)


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
    named = {"call_id": call_id, "kind": kind, "reference": reference}
    row = await _ONE.first(conn, named)
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
    given = KeptDocument(status=status, content_type=content_type, body=body)
    if await add_row(conn, documents, row):
        return given, True
    return await get(conn, call_id, kind, reference) or given, False
