"""One replay, from a file to a report."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from linecard import wall
from linecard.errors import InvalidField
from linecard.exchange.flights import VERSION
from linecard.exchange.lifecycle import running
from linecard.flight.keeping import file_of
from linecard.flight.reading import Recorded, read
from linecard.replay.carrying import Carrier
from linecard.replay.comparing import Replayed, compare
from linecard.replay.ids import ids_of
from linecard.replay.loop import JumpingLoop
from linecard.replay.report import Report
from linecard.replay.world import build, time_of_day
from linecard.store import numbers


def replay(file: Path) -> Report:
    """Run a record through today's code, and say what is different.

    Raises InvalidField for a file that cannot be replayed. Runs a loop of its own: call it in a thread
    where one runs already. Nothing is sent anywhere, and nothing is kept.
    """
    recorded = read(file)
    if recorded.head["version"] != VERSION:
        raise InvalidField("file", f"is of version {recorded.head['version']}, not {VERSION}")
    loop = JumpingLoop()
    with (
        tempfile.TemporaryDirectory(prefix="linecard-replay-") as folder,
        asyncio.Runner(loop_factory=lambda: loop) as runner,
    ):
        return compare(recorded, runner.run(_replayed(recorded, loop, Path(folder))))


async def _replayed(recorded: Recorded, loop: JumpingLoop, folder: Path) -> Replayed:
    with wall.replaced_by(lambda: time_of_day(recorded, loop)):
        return await _play(recorded, loop, folder)


async def _play(recorded: Recorded, loop: JumpingLoop, folder: Path) -> Replayed:
    world = build(recorded, loop, folder)
    carrier = Carrier(recorded, world, ids_of(recorded))
    async with running(world.exchange, world.app):
        async with world.exchange.database.write() as conn:
            await numbers.add(conn, world.number)
        await carrier.play()
        assert world.exchange.flights is not None
        await world.exchange.flights.close(world.exchange.database)
        if not world.tokens.ids.calls:
            raise InvalidField("file", "no call came of what the record holds")
        again = read(file_of(folder, world.tokens.ids.calls[0]))
    return Replayed(again, carrier.answers, world.tokens.ids, carrier.skipped)
