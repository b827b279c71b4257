"""Where our copies of recordings are kept: a folder, or whatever fsspec has an address for."""

from __future__ import annotations

from linecard.storage.base import Storage
from linecard.storage.folder import Folder
from linecard.storage.remote import Remote

OFF = "off"

__all__ = ["OFF", "Storage", "open_storage"]


def open_storage(where: str) -> Storage | None:
    """The storage at a path or an address such as `s3://bucket/recordings`; None for `off`.

    Nothing is made or asked yet, but fsspec is loaded for an address. Raises ConfigurationError when
    it is not installed.
    """
    if where == OFF:
        return None
    return Remote(where) if "://" in where else Folder(where)
