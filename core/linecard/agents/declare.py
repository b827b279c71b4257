"""`@linecard.agent`: declares an agent and the sample rate it wants."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, overload

from linecard.errors import ConfigurationError

RATES = (8000, 16000, 24000, 48000)
MARK = "__linecard_agent_rate__"
Target = TypeVar("Target", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent: an async function of the call, or a class with `on_audio`. `rate` None: the line's own."""

    name: str
    target: Callable[..., Any]
    rate: int | None
    origin: str

    @property
    def is_callback(self) -> bool:
        """Whether it takes audio by a callback."""
        return inspect.isclass(self.target)


@overload
def agent(target: Target) -> Target: ...


@overload
def agent(*, rate: int) -> Callable[[Target], Target]: ...


def agent(target: Target | None = None, *, rate: int | None = None) -> Any:
    """Declare a voice agent: int16 mono little-endian PCM at `rate`, or at the line's own.

    Raises ConfigurationError for a rate that no codec here knows.
    """
    if rate is not None and rate not in RATES:
        raise ConfigurationError(f"an agent's rate must be one of {RATES}, not {rate}")

    def declare(target: Target) -> Target:
        setattr(target, MARK, rate)
        return target

    return declare if target is None else declare(target)


def declared(name: str, target: object, origin: str) -> Agent:
    """The agent that a target is. Raises ConfigurationError when it cannot be one."""
    if not (inspect.iscoroutinefunction(target) or _is_callback_class(target)):
        raise ConfigurationError(
            f"agent {name} ({origin}) is neither an async function nor a class with on_audio"
        )
    assert callable(target)
    return Agent(name, target, getattr(target, MARK, None), origin)


def _is_callback_class(target: object) -> bool:
    return inspect.isclass(target) and callable(getattr(target, "on_audio", None))
