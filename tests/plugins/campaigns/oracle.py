"""What the carrier's ledger says against what stands in the database: dialled twice, lost, stuck, unknown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from linecard.simulator.handset import plain
from linecard.simulator.ledger import Ledger, What

OVER = frozenset({"finished", "failed", "canceled"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """Leads by what is wrong with them; all but `unknown` must be empty."""

    dialled_twice: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    total: int = 0

    @property
    def faults(self) -> dict[str, list[str]]:
        """What must not be."""
        names = ("dialled_twice", "lost", "stuck")
        return {name: found for name in names if (found := getattr(self, name))}

    def __str__(self) -> str:
        counts = {
            name: len(getattr(self, name)) for name in ("dialled_twice", "lost", "stuck", "unknown")
        }
        return f"{self.total} leads: {counts}"


def dials(ledger: Ledger) -> Counter[str]:
    """How often each number was really dialled."""
    return Counter(
        plain(str(entry.facts["to"])) for entry in ledger.entries if entry.what is What.DIALLED
    )


def judge(
    ledger: Ledger, leads: Iterable[Mapping[str, Any]], attempts: Iterable[Mapping[str, Any]]
) -> Verdict:
    """Every lead against the carrier's truth.

    Nobody is dialled oftener than there are attempts. A lead that is over was dialled once for each; one
    whose placement is unknown may have been dialled once less.
    """
    made = Counter(str(one["lead_id"]) for one in attempts)
    told = dials(ledger)
    verdict = Verdict(total=0)
    found = list(leads)
    for lead in found:
        dialled, wanted = told[plain(lead["to"])], made[lead["id"]]
        name = (
            f"{lead['to']} {lead['status']}, {lead['reason']}: {dialled} dials, {wanted} attempts"
        )
        if dialled > wanted:
            verdict.dialled_twice.append(name)
        elif lead["status"] == "unknown":
            verdict.unknown.append(name)
        elif lead["status"] not in OVER:
            verdict.stuck.append(name)
        elif dialled < wanted or dialled == 0:
            verdict.lost.append(name)
    return Verdict(verdict.dialled_twice, verdict.lost, verdict.stuck, verdict.unknown, len(found))
