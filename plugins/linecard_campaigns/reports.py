"""What came of a campaign, counted from its leads and attempts alone: nothing here is remembered."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from linecard import AccountKey

MACHINE = "machine"


@dataclass(frozen=True, slots=True)
class LeadRow:
    """A lead as it counts: where it stands, and what came of it."""

    id: str
    status: str
    outcome: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRow:
    """An attempt as it counts. `n` is 1 for a lead's first; seconds and US dollars, None: not known (yet)."""

    lead: str
    n: int
    account: AccountKey
    created_at: datetime
    result: str | None = None
    outcome: str | None = None
    answered: bool = False
    duration: int | None = None
    cost: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Funnel:
    """Leads that came so far: each number is part of the one before.

    `called`: at least one attempt; `answered`: one was picked up; `reached`: by no machine; `finished`:
    the lead was reached and has ended well.
    """

    leads: int
    called: int
    answered: int
    reached: int
    finished: int


@dataclass(frozen=True, slots=True)
class OfCarrier:
    """What one account has done. `unpriced` attempts were answered and have no cost (yet)."""

    provider: str
    account: str
    attempts: int
    answered: int
    seconds: int
    cost: Decimal
    unpriced: int


@dataclass(frozen=True, slots=True)
class OfTry:
    """How the first, second, ... attempts went: whether trying again was worth it."""

    n: int
    attempts: int
    answered: int


@dataclass(frozen=True, slots=True)
class OfHour:
    """The attempts that began in one hour, by its beginning."""

    hour: datetime
    attempts: int
    answered: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The report of a campaign. Counts by word are of leads by status and outcome, and attempts by result."""

    funnel: Funnel
    statuses: Mapping[str, int]
    outcomes: Mapping[str, int]
    results: Mapping[str, int]
    attempts: int
    seconds: int
    cost: Decimal
    carriers: tuple[OfCarrier, ...]
    tries: tuple[OfTry, ...]
    hours: tuple[OfHour, ...]

    @property
    def minutes(self) -> float:
        """The time that was talked, to a tenth."""
        return round(self.seconds / 60, 1)


def report(leads: Iterable[LeadRow], attempts: Iterable[AttemptRow]) -> Report:
    """Count once through all of them."""
    rows, tried = list(leads), list(attempts)
    return Report(
        funnel=_funnel(rows, tried),
        statuses=_sorted(Counter(row.status for row in rows)),
        outcomes=_sorted(Counter(row.outcome for row in rows if row.outcome)),
        results=_sorted(Counter(one.result or "open" for one in tried)),
        attempts=len(tried),
        seconds=_seconds(tried),
        cost=_cost(tried),
        carriers=_carriers(tried),
        tries=_tries(tried),
        hours=_hours(tried),
    )


def _funnel(rows: list[LeadRow], tried: list[AttemptRow]) -> Funnel:
    known = {row.id for row in rows}
    called = {one.lead for one in tried} & known
    answered = {one.lead for one in tried if one.answered} & known
    reached = {one.lead for one in tried if one.answered and one.outcome != MACHINE} & known
    finished = {row.id for row in rows if row.status == "finished"} & reached
    return Funnel(len(rows), len(called), len(answered), len(reached), len(finished))


def _sorted(counts: Counter[str]) -> Mapping[str, int]:
    return dict(sorted(counts.items(), key=lambda one: (-one[1], one[0])))


def _seconds(tried: Iterable[AttemptRow]) -> int:
    return sum(one.duration or 0 for one in tried)


def _cost(tried: Iterable[AttemptRow]) -> Decimal:
    return sum((one.cost for one in tried if one.cost is not None), Decimal(0))


def _carriers(tried: Iterable[AttemptRow]) -> tuple[OfCarrier, ...]:
    by_account: defaultdict[AccountKey, list[AttemptRow]] = defaultdict(list)
    for one in tried:
        by_account[one.account].append(one)
    return tuple(_of_carrier(account, by_account[account]) for account in sorted(by_account))


def _of_carrier(account: AccountKey, tried: list[AttemptRow]) -> OfCarrier:
    return OfCarrier(
        provider=account[0],
        account=account[1],
        attempts=len(tried),
        answered=_answered(tried),
        seconds=_seconds(tried),
        cost=_cost(tried),
        unpriced=sum(one.answered and one.cost is None for one in tried),
    )


def _tries(tried: Iterable[AttemptRow]) -> tuple[OfTry, ...]:
    by_n: defaultdict[int, list[AttemptRow]] = defaultdict(list)
    for one in tried:
        by_n[one.n].append(one)
    return tuple(OfTry(n, len(by_n[n]), _answered(by_n[n])) for n in sorted(by_n))


def _hours(tried: Iterable[AttemptRow]) -> tuple[OfHour, ...]:
    by_hour: defaultdict[datetime, list[AttemptRow]] = defaultdict(list)
    for one in tried:
        by_hour[one.created_at.replace(minute=0, second=0, microsecond=0)].append(one)
    return tuple(
        OfHour(hour, len(by_hour[hour]), _answered(by_hour[hour])) for hour in sorted(by_hour)
    )


def _answered(tried: Iterable[AttemptRow]) -> int:
    return sum(one.answered for one in tried)
