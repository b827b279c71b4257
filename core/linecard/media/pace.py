"""Where the carrier's playback stands, by arithmetic on the clock: no timer per call, no drift."""

from __future__ import annotations


class Pace:
    """How far what was sent reaches ahead of real time. Sizes in bytes of the line's encoding.

    The carrier plays in real time from the first byte of a run; a run ends when all has been played.
    """

    __slots__ = (
        "_began",
        "_bytes_per_second",
        "_sent",
        "dry_at",
    )

    def __init__(self, bytes_per_second: int) -> None:
        self._bytes_per_second = bytes_per_second
        self._began = 0.0
        self._sent = 0
        self.dry_at = 0.0
        """When the carrier has played everything that was sent."""

    def ahead(self, now: float) -> float:
        """Seconds that the carrier holds and has not played."""
        return max(0.0, self.dry_at - now)

    def seconds(self, size: int) -> float:
        """How long so many bytes play."""
        return size / self._bytes_per_second

    def has_room(self, now: float, size: int, lead: float) -> bool:
        """Whether so many bytes may be sent now; into an empty buffer always."""
        ahead = self.dry_at - now
        return ahead <= 0 or ahead + size / self._bytes_per_second <= lead + 1e-9

    def sent(self, now: float, size: int) -> None:
        """So many bytes have been sent."""
        if self.dry_at <= now:
            self._began, self._sent = now, 0
        self._sent += size
        self.dry_at = self._began + self._sent / self._bytes_per_second

    def emptied(self, now: float) -> None:
        """The carrier has thrown away what it had not played."""
        self._began, self._sent, self.dry_at = now, 0, now
