"""What goes wrong between the server, Agones and a pod. Where a call may ask again it is a NoFreePod."""

from __future__ import annotations

from linecard import LinecardError, NoFreePod


class Contended(NoFreePod):
    """Too many ask at once; Agones says so (ABORTED) and wants to be asked again."""


class PodTaken(NoFreePod):
    """The allocator names a pod that another call was given before."""


class AllocatorUnavailable(LinecardError):
    """No answer that could be used: too slow, down, or a fault of the allocator's own (5xx)."""


class ConnectionClosed(AllocatorUnavailable):
    """The allocator closed the connection before it answered, as one that is replaced does."""


class AllocatorRefused(LinecardError):
    """The allocator does not take us: a certificate, or the request itself (4xx)."""


class BadAllocation(LinecardError):
    """An answer that cannot be read, or that names no place where a call could go."""


class SidecarUnavailable(LinecardError):
    """The sidecar of this pod does not answer, or not yet; it may start later than we do."""
