"""The store: numbers, calls and all that belongs to them, in SQLite or PostgreSQL.

Every function takes a connection of `Database.read` or `Database.write`, so that what belongs
together is one transaction.
"""

from linecard.store.documents import KeptDocument
from linecard.store.engine import BUSY_ERRORS, Database
from linecard.store.idempotency import KeptKey
from linecard.store.inbox import Entry
from linecard.store.page import Page
from linecard.store.recordings import Recording
from linecard.store.timeline import Line
from linecard.store.transfers import Transfer

__all__ = [
    "BUSY_ERRORS",
    "Database",
    "Entry",
    "KeptDocument",
    "KeptKey",
    "Line",
    "Page",
    "Recording",
    "Transfer",
]
