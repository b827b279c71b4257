"""Whether new calls are taken."""

from __future__ import annotations

from linecard.errors import Stopping


class Doors:
    """Whether new calls are taken."""

    def __init__(self) -> None:
        self.is_open = True

    def close(self) -> None:
        """Take no more."""
        self.is_open = False

    def pass_through(self) -> None:
        """Raise Stopping when no new call is taken."""
        if not self.is_open:
            raise Stopping("the server is stopping and takes no new calls; ask again elsewhere")
