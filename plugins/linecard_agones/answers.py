"""What the allocator says: where a call goes, or why it goes nowhere. Nothing in it is believed unread.

The REST side of the allocator is a gateway to gRPC: its errors are `{"code", "message", "details"}` with
gRPC's codes, and a code that it does not know comes as 500.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import msgspec

from linecard import LinecardError, NoFreePod
from linecard_agones.faults import (
    AllocatorRefused,
    AllocatorUnavailable,
    BadAllocation,
    Contended,
)
from linecard_agones.settings import NAME

MEDIA_PORT = "media"
"""The name of the port, in the fleet, where a pod takes media sockets."""
POD_IP = "PodIP"
HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|[0-9A-Fa-f:]{2,39}")
OK = 200
LONGEST_MESSAGE = 300

Kind = type[LinecardError]
BY_CODE: Mapping[int, Kind] = MappingProxyType({6: NoFreePod, 8: NoFreePod, 10: Contended})
"""ALREADY_EXISTS (an allocator that was told to say 409 where none is free), RESOURCE_EXHAUSTED, ABORTED."""
BY_STATUS: Mapping[int, Kind] = MappingProxyType({429: NoFreePod, 409: Contended})


class _Port(msgspec.Struct):
    name: str = ""
    port: int = 0


class _Address(msgspec.Struct):
    type: str = ""
    address: str = ""


class _Allocation(msgspec.Struct, rename="camel"):
    game_server_name: str = ""
    ports: list[_Port] = []
    address: str = ""
    addresses: list[_Address] = []


class _Status(msgspec.Struct):
    code: int = 0
    message: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """A pod and where it takes media sockets, `HOST:PORT`."""

    pod: str
    address: str


def read_answer(status: int, body: bytes) -> Place:
    """The place that was allocated.

    Raises NoFreePod, Contended, AllocatorRefused, AllocatorUnavailable or BadAllocation.
    """
    if status != OK:
        raise _refusal(status, body)
    try:
        allocation = msgspec.json.decode(body, type=_Allocation)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadAllocation(f"the allocator's answer cannot be read: {error}") from error
    return Place(_pod(allocation), f"{_host(allocation)}:{_port(allocation)}")


def _refusal(status: int, body: bytes) -> LinecardError:
    said = _status(body)
    kind = BY_CODE.get(said.code) or BY_STATUS.get(status) or _kind(status, said.code)
    words = said.message[:LONGEST_MESSAGE] or "without a word"
    return kind(f"the allocator said {status}: {words}")


def _kind(status: int, code: int) -> Kind:
    """Kubernetes' own refusals come as 500 with its code, such as 422, where gRPC's should be."""
    is_ours = 400 <= status < 500 or 400 <= code < 500
    return AllocatorRefused if is_ours else AllocatorUnavailable


def _status(body: bytes) -> _Status:
    try:
        return msgspec.json.decode(body, type=_Status)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _Status()


def _pod(allocation: _Allocation) -> str:
    name = allocation.game_server_name
    if not NAME.fullmatch(name):
        raise BadAllocation(f"{name!r} cannot be the name of a pod that calls go to")
    return name


def _host(allocation: _Allocation) -> str:
    """The pod's own address; without one, that of its node."""
    own = (one.address for one in allocation.addresses if one.type == POD_IP)
    host = next(own, None) or allocation.address
    if not HOST.fullmatch(host):
        raise BadAllocation(f"{allocation.game_server_name} has no address: {host!r}")
    return f"[{host}]" if ":" in host else host


def _port(allocation: _Allocation) -> int:
    for one in allocation.ports:
        if one.name == MEDIA_PORT and 0 < one.port < 65_536:
            return one.port
    raise BadAllocation(
        f"{allocation.game_server_name} has no port named {MEDIA_PORT!r}; name one so in the fleet"
    )
