"""The parts that every simulated carrier is built from, put together."""

from __future__ import annotations

from linecard.clock import Clock
from linecard.simulator.courier import Courier, Sign
from linecard.simulator.faults import Faults
from linecard.simulator.handset import PhoneBook
from linecard.simulator.ledger import Ledger, What
from linecard.simulator.lines import Lines
from linecard.simulator.overrides import Policy
from linecard.tasks import Tasks

CLOSING_SECONDS = 2.0


class Machinery:
    """Clock, ledger, faults, phones, lines, tasks and courier of one carrier.

    `sign` makes the headers of a webhook, `policy` is how it is tried, `agent` its User-Agent.
    """

    def __init__(self, clock: Clock, seed: int, *, sign: Sign, policy: Policy, agent: str) -> None:
        self.clock = clock
        self.ledger = Ledger(clock)
        self.faults = Faults(seed=seed, tell=self._write_fault)
        self.phones = PhoneBook()
        self.tasks = Tasks()
        self.lines = Lines(clock, self.tasks)
        self.courier = Courier(
            ledger=self.ledger,
            faults=self.faults,
            clock=clock,
            tasks=self.tasks,
            sign=sign,
            policy=policy,
            agent=agent,
        )

    async def close(self) -> None:
        """End everything without telling anybody."""
        # What is cancelled closes its sockets in tasks of its own, which get some time.
        await self.tasks.close(0)
        await self.tasks.close(CLOSING_SECONDS)
        await self.courier.close()

    def _write_fault(self, name: str) -> None:
        self.ledger.write(What.FAULT, name=name)
