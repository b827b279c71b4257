"""No dial outside the hours, in any zone, around every change of its clocks, whatever the machine's clocks do."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from tests.plugins.campaigns import wall_clocks
from tests.plugins.campaigns.wall_clocks import ZONES, changes, clocks, on_the_wall_of

from linecard import OpenHours
from linecard_campaigns import windows
from linecard_campaigns.reading_hours import read_window
from linecard_campaigns.windows import DIAL_TAKES, closed, next_open

MINUTE, HOUR = 60, 3600
SAMPLE = (
    "America/New_York",
    "Europe/Berlin",
    "Australia/Lord_Howe",  # half an hour
    "Africa/Casablanca",  # around Ramadan
    "America/Nuuk",
    "Asia/Kolkata",
    "Pacific/Chatham",
    "Antarctica/Troll",  # two hours
)
SHAPES: Mapping[str, tuple[object, Mapping[int, list[tuple[int, int]]]]] = {
    "day": ("09:00-20:00", {day: [(540, 1200)] for day in range(7)}),
    "night": (
        [
            {"days": ["sat", "sun"], "from": "22:00", "to": "02:30"},
            {"from": "01:15", "to": "01:45"},
            {"days": ["sun"], "from": "12:00", "to": "24:00"},
        ],
        {
            **{day: [(75, 105)] for day in range(5)},
            5: [(1320, 1590), (75, 105)],
            6: [(1320, 1590), (75, 105), (720, 1440)],
        },
    ),
}
Judge = Callable[[OpenHours, str, datetime], bool]


def judge(hours: OpenHours, zone: str, at: datetime) -> bool:
    return windows.is_open(hours, (zone,), at)


def moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def moments(change: int, hours_around: int) -> Iterator[int]:
    """Every minute, and near the change the last seconds before it too, in which a dial would come too late."""
    for minute in range(change - hours_around * HOUR, change + hours_around * HOUR, MINUTE):
        yield minute
        if abs(minute - change) <= 6 * HOUR:
            yield minute + 35


def wrongly_judged(zone: str, hours_around: int, judge: Judge = judge) -> Iterator[str]:
    """Every minute around each change where the judge and the wall clock differ.

    A dial counts until the carrier has it: the wall clock must be within the window for so long.
    """
    late = int(DIAL_TAKES.total_seconds()) - 1
    for change in changes(zone):
        for name, (written, window) in SHAPES.items():
            hours = OpenHours(read_window(written, "window"))
            with on_the_wall_of(zone):
                for at in moments(change, hours_around):
                    lawful = wall_clocks.is_open(window, at) and wall_clocks.is_open(
                        window, at + late
                    )
                    if judge(hours, zone, moment(at)) != lawful:
                        yield f"{zone} {name} {moment(at)}: {lawful=}"


@pytest.mark.parametrize("zone", SAMPLE)
def test_every_minute_around_a_change(zone: str) -> None:
    assert list(wrongly_judged(zone, hours_around=4)) == []


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("shard", range(8))
def test_every_minute_around_every_change_of_every_zone(shard: int) -> None:
    assert len(ZONES) > 590
    wrong = [one for zone in clocks()[shard::8] for one in wrongly_judged(zone, hours_around=48)]
    assert wrong == []


def with_the_offset_of_last_week(hours: OpenHours, zone: str, at: datetime) -> bool:
    """The fault that these tests are for: an offset that was looked up earlier."""
    week = timedelta(days=7)
    return windows.is_open(hours, (zone,), at - week)


def with_no_time_to_dial(hours: OpenHours, zone: str, at: datetime) -> bool:
    return hours.covers(at.astimezone(ZoneInfo(zone)))


@pytest.mark.parametrize("fault", [with_the_offset_of_last_week, with_no_time_to_dial])
def test_a_wrong_judge_is_found(fault: Judge) -> None:
    assert list(wrongly_judged("Europe/Berlin", 4, fault))


@dataclass
class Machine:
    """A machine's clocks beside the true time, in Unix seconds.

    Either somebody sets its wall clock again and again, or it sleeps, and then the clock that counts on from
    the start stands still. One of the two is right.
    """

    chance: random.Random
    true: float
    sets_its_clock: bool
    wall_is_off: float = 0.0
    slept: float = 0.0

    def wait(self, seconds: float) -> None:
        """Sleep as a process does: the time in which the machine sleeps too comes on top."""
        self.true += max(1.0, seconds)
        if self.sets_its_clock:
            if self.chance.random() < 0.3:
                self.wall_is_off = self.chance.choice((0, HOUR, -HOUR, 24 * HOUR, -24 * HOUR, 1800))
        elif self.chance.random() < 0.3:
            away = self.chance.choice((HOUR, 8 * HOUR, 24 * HOUR)) * self.chance.random()
            self.slept += away
            self.true += away

    @property
    def clocks(self) -> tuple[datetime, datetime]:
        return moment(self.true + self.wall_is_off), moment(self.true - self.slept)


@dataclass
class Dialler:
    """Waits for the hours and dials, as often as it may, by clocks that it cannot trust."""

    machine: Machine
    zone: str
    hours: OpenHours
    window: Mapping[int, list[tuple[int, int]]]
    until: float
    both: bool = True
    dials: int = 0
    outside: list[str] = field(default_factory=list)

    def run(self) -> Dialler:
        chance = self.machine.chance
        while self.machine.true < self.until:
            clocks = self.machine.clocks if self.both else self.machine.clocks[:1]
            refused = closed(self.hours, (self.zone,), *clocks)
            if refused is None:
                self._dial(self.machine.true + chance.random() * DIAL_TAKES.total_seconds())
                self.machine.wait(chance.random() * 2 * HOUR)
            else:
                wait = 300.0 if refused.until is None else _seconds(refused.until - clocks[0])
                self.machine.wait(min(wait, chance.random() * 4 * HOUR))
        return self

    def _dial(self, at: float) -> None:
        self.dials += 1
        if not wall_clocks.is_open(self.window, int(at)):
            self.outside.append(f"{self.zone} {moment(at)}")


def _seconds(wait: timedelta) -> float:
    return wait.total_seconds()


def dialled(zones: list[str], rounds: int, *, sets_clock: bool, both: bool = True) -> list[Dialler]:
    found = []
    for zone in zones:
        for change in changes(zone) or [wall_clocks.FIRST + 40 * 24 * HOUR]:
            for number in range(rounds):
                written, window = SHAPES["night" if number % 2 else "day"]
                chance = random.Random(f"{zone}:{change}:{number}")
                machine = Machine(chance, change - 48.0 * HOUR, sets_clock)
                hours = OpenHours(read_window(written, "window"))
                with on_the_wall_of(zone):
                    end = change + 48.0 * HOUR
                    found.append(Dialler(machine, zone, hours, window, end, both).run())
    return found


def outside(diallers: list[Dialler]) -> list[str]:
    return [one for dialler in diallers for one in dialler.outside]


@pytest.mark.parametrize("sets_clock", [True, False], ids=["clock is set", "machine sleeps"])
def test_no_dial_outside_the_hours_when_clocks_jump(sets_clock: bool) -> None:
    diallers = dialled(list(SAMPLE), 4, sets_clock=sets_clock)
    assert outside(diallers) == []
    assert sum(one.dials for one in diallers) > 200


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("sets_clock", [True, False], ids=["clock is set", "machine sleeps"])
def test_no_dial_outside_the_hours_of_any_zone_when_clocks_jump(sets_clock: bool) -> None:
    diallers = dialled(clocks(), 6, sets_clock=sets_clock)
    dials = sum(one.dials for one in diallers)
    print(f"{len(outside(diallers))} of {dials} dials outside the hours")
    assert outside(diallers) == []
    assert dials > 10_000


def test_one_clock_alone_is_found_out() -> None:
    assert outside(dialled(list(SAMPLE), 4, sets_clock=True, both=False))


@pytest.mark.parametrize("zone", SAMPLE)
def test_the_next_opening_is_the_first_one(zone: str) -> None:
    for written, window in SHAPES.values():
        hours = OpenHours(read_window(written, "window"))
        for change in changes(zone):
            after = change - 5 * HOUR
            found = next_open(hours, (zone,), moment(after))
            assert found is not None
            with on_the_wall_of(zone):
                earlier = range(after, int(found.timestamp()), 30)
                assert not any(
                    wall_clocks.is_open(window, at) and wall_clocks.is_open(window, at + 29)
                    for at in earlier
                )
                assert wall_clocks.is_open(window, int(found.timestamp()))
