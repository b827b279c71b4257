"""What an agent is: an async function of the call, or a class with callbacks."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, overload

from linecard.errors import ConfigurationError

if TYPE_CHECKING:
    from linecard.live import LiveCall

RATES = range(8000, 48001)
_RATE = "__linecard_rate__"


class CallbackAgent(Protocol):
    """The callback style, the fastest path: `on_audio` is called straight from the socket's read.

    It must not block. `on_digit(digit)`, `on_mark(name)` and `async run(self)` may be there too; the
    call ends when `run` returns, without `run` it lasts until the caller hangs up.
    """

    def __init__(self, call: LiveCall) -> None: ...

    def on_audio(self, pcm: bytes) -> None:
        """Take the caller's audio, 20 ms as a rule."""
        ...


Function = Callable[["LiveCall"], Awaitable[object]]
Target = TypeVar("Target", bound=Callable[..., Any])


@overload
def agent(target: Target, /) -> Target: ...
@overload
def agent(*, rate: int | None = None) -> Callable[[Target], Target]: ...
def agent(
    target: Target | None = None, /, *, rate: int | None = None
) -> Target | Callable[[Target], Target]:
    """Declare an agent: `@linecard.agent`, or `@linecard.agent(rate=16000)` for PCM of that rate.

    Without a rate the audio comes as the line has it. Raises ConfigurationError for an odd rate.
    """
    if rate is not None and rate not in RATES:
        raise ConfigurationError(f"an agent's rate is {RATES[0]} to {RATES[-1]} Hz, not {rate}")

    def declare(target: Target) -> Target:
        setattr(target, _RATE, rate)
        return target

    return declare if target is None else declare(target)


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent that can be run; `source` says where it comes from, `rate` None is the line's own."""

    name: str
    source: str
    target: Function | type[CallbackAgent]
    rate: int | None

    @property
    def has_callbacks(self) -> bool:
        """Whether it is written in the callback style."""
        return isinstance(self.target, type)


def as_agent(name: str, source: str, target: object) -> Agent:
    """A declared agent, or a bare async function. Raises ConfigurationError for anything else."""
    if not _is_agent(target):
        raise ConfigurationError(
            f"agent {name} ({source}) is neither an async function nor a class with on_audio"
        )
    return Agent(name, source, target, getattr(target, _RATE, None))  # type: ignore[arg-type]


def _is_agent(target: object) -> bool:
    if isinstance(target, type):
        return callable(getattr(target, "on_audio", None))
    call = getattr(target, "__call__", None)  # noqa: B004 (an object may have an async __call__)
    return inspect.iscoroutinefunction(target) or inspect.iscoroutinefunction(call)
