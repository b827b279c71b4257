"""A running call as the exchange holds it, whether its agent is in this process or in a pod."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from linecard.calls import Detection
    from linecard.events import AgentEvent, TransferResult
    from linecard.transfers import TransferWish


class RunningCall(Protocol):
    """What the exchange asks and tells; see `LiveCall`, which is one."""

    transfer_targets: tuple[str, ...]
    opt_out_key: str | None
    silent_since: float | None

    @property
    def streaming(self) -> bool:
        """Whether it has an open stream."""
        ...

    @property
    def transferring(self) -> bool:
        """Whether a transfer is under way."""
        ...

    @property
    def handed_over(self) -> bool:
        """Whether the caller was connected with somebody."""
        ...

    async def hang_up(self, *, now: bool = False, reason: str = ...) -> None:
        """End it, at the carrier first."""
        ...

    async def send_digits(self, digits: str, *, how: str | None = None) -> None:
        """Press keys toward the caller."""
        ...

    async def begin_transfer(self, wish: TransferWish) -> None:
        """A transfer asked for outside the agent."""
        ...

    async def flush(self) -> None:
        """Wait until the caller has heard what is queued now, at most 3 s."""
        ...

    async def leave_stream(self) -> None:
        """The caller is brought elsewhere: the stream ends after what is queued."""
        ...

    def report(self, event: AgentEvent) -> None:
        """Tell the agent."""
        ...

    def machine_detected(self, found: Detection | None) -> None:
        """Who answered, as the record has it."""
        ...

    def transfer_ended(self, result: TransferResult) -> None:
        """The carrier has reported the end of a transfer."""
        ...

    def leg_bridged(self) -> None:
        """The caller is connected with the target of a transfer."""
        ...

    def finish(self, reason: str) -> None:
        """It is over; safe to repeat."""
        ...
