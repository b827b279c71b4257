"""Addresses of processes to each other: `HOST:PORT`, or a socket file of this machine, `unix:/PATH`."""

from __future__ import annotations

UNIX = "unix:"
