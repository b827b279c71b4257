"""Hosts that fail many times in a row are left alone for a while."""

from __future__ import annotations

from dataclasses import dataclass

MOST_FAILURES = 5
FIRST_PAUSE = 30.0
LONGEST_PAUSE = 600.0


@dataclass(slots=True)
class _Host:
    failures: int = 0
    alone_until: float = 0.0

    @property
    def pause(self) -> float:
        """Doubled with every further failure; 0 while there are few."""
        further = self.failures - MOST_FAILURES
        return 0.0 if further < 0 else min(FIRST_PAUSE * 2**further, LONGEST_PAUSE)


class Breakers:
    """What is remembered of hosts that fail: in this process, and no longer than they do.

    Times are seconds of one clock. After a pause one request may go and see; the others wait for it.
    """

    def __init__(self) -> None:
        self._hosts: dict[str, _Host] = {}

    def left_alone(self, host: str, at: float) -> float:
        """For how many more seconds a host is to be left alone; 0: whoever asked may go."""
        known = self._hosts.get(host)
        if known is None or not known.pause:
            return 0.0
        if at < known.alone_until:
            return known.alone_until - at
        known.alone_until = at + known.pause
        return 0.0

    def failed(self, host: str, at: float) -> None:
        """It gave no answer, or not the right one."""
        known = self._hosts.setdefault(host, _Host())
        known.failures += 1
        known.alone_until = at + known.pause

    def answered(self, host: str) -> None:
        """It is as it should be."""
        self._hosts.pop(host, None)
