"""A resolver for tests: names lead where a table says, addresses to themselves, nothing leaves the machine."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from typing import Any

import pytest

Lookup = Callable[[str], Sequence[str] | None]


def resolve_with(monkeypatch: pytest.MonkeyPatch, lookup: Lookup) -> list[str]:
    """Answer by `lookup` (None: no such name); what was asked is in the list."""
    loop, asked = asyncio.get_running_loop(), list[str]()
    real = loop.getaddrinfo

    async def getaddrinfo(host: str, port: int, **more: Any) -> list[Any]:
        asked.append(host)
        found = lookup(host)
        if found is not None:
            return [_entry(address, port) for address in found]
        # Spellings of an address that the C library understands; it asks no server for them.
        return list(await real(host, port, flags=socket.AI_NUMERICHOST, type=socket.SOCK_STREAM))

    monkeypatch.setattr(loop, "getaddrinfo", getaddrinfo, raising=False)
    return asked


def _entry(address: str, port: int) -> tuple[Any, ...]:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    place = (address, port, 0, 0) if ":" in address else (address, port)
    return (family, socket.SOCK_STREAM, 6, "", place)
