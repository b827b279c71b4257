"""A fleet as Agones keeps it: game servers, their states, and which change is allowed.

Written from Agones' own description (`proto/allocation/allocation.proto`, `proto/sdk/sdk.proto`, the guides), and
stricter where Agones is lax: a game server that was allocated never becomes Ready again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class State(StrEnum):
    """Of a game server, in Agones' words."""

    SCHEDULED = "Scheduled"
    READY = "Ready"
    ALLOCATED = "Allocated"
    SHUTDOWN = "Shutdown"


MOVES: Mapping[State, frozenset[State]] = {
    State.SCHEDULED: frozenset({State.READY, State.SHUTDOWN}),
    State.READY: frozenset({State.ALLOCATED, State.SHUTDOWN}),
    State.ALLOCATED: frozenset({State.SHUTDOWN}),
    State.SHUTDOWN: frozenset({State.SHUTDOWN}),
}


class IllegalMove(Exception):
    """A change of state that must not happen."""


@dataclass(slots=True)
class GameServer:
    """One of a fleet; `seen` are those who watch it."""

    name: str
    address: str
    port: int = 8080
    state: State = State.SCHEDULED
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    version: int = 1
    seen: list[asyncio.Queue[None]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def move(self, to: State) -> None:
        """Raises IllegalMove."""
        if to not in MOVES[self.state]:
            raise IllegalMove(f"{self.name}: {self.state} -> {to}")
        self.state = to
        self.changed()

    def changed(self) -> None:
        """Tell who watches."""
        self.version += 1
        for queue in self.seen:
            queue.put_nowait(None)

    def as_told(self) -> dict[str, Any]:
        """As the SDK tells it: proto names, 64-bit numbers as texts, what is not there as null."""
        return {
            "object_meta": {
                "name": self.name,
                "namespace": "calls",
                "uid": f"uid-{self.name}",
                "resource_version": str(self.version),
                "generation": str(self.version),
                "creation_timestamp": "1700000000",
                "deletion_timestamp": "0",
                "annotations": dict(self.annotations),
                "labels": dict(self.labels),
            },
            "spec": {
                "health": {
                    "disabled": False,
                    "period_seconds": 5,
                    "failure_threshold": 3,
                    "initial_delay_seconds": 30,
                }
            },
            "status": {
                "state": str(self.state),
                "address": "192.0.2.7",
                "addresses": [],
                "ports": [{"name": "media", "port": self.port}],
                "players": None,
                "counters": {},
                "lists": {},
            },
        }


class Fleet:
    """Game servers by name; `wrong` is what was asked of them and must not be."""

    def __init__(self, size: int, name: str = "media", namespace: str = "calls") -> None:
        self.name = name
        self.namespace = namespace
        self.servers = {
            f"{name}-{n:05d}": GameServer(f"{name}-{n:05d}", f"10.1.0.{n + 1}") for n in range(size)
        }
        self.wrong: list[str] = []

    def all_ready(self) -> Fleet:
        """As it stands once its pods have started."""
        for server in self.servers.values():
            server.move(State.READY)
        return self

    def in_state(self, state: State) -> list[GameServer]:
        """Those in a state."""
        return [one for one in self.servers.values() if one.state is state]

    def allocate(
        self, labels: Mapping[str, str], annotations: Mapping[str, str]
    ) -> GameServer | None:
        """One that is Ready, allocated; None where there is none."""
        server = next(iter(self.in_state(State.READY)), None)
        if server is not None:
            server.labels.update(labels)
            server.annotations.update(annotations)
            server.move(State.ALLOCATED)
        return server

    def __iter__(self) -> Iterator[GameServer]:
        return iter(self.servers.values())
