"""An awaitable for what was done when it was called."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Final


class Done:
    """Nothing left to wait for: callbacks leave it, coroutines may await it."""

    __slots__ = ()

    def __await__(self) -> Generator[Any, Any, None]:
        return
        yield


DONE: Final = Done()
