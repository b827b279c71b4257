"""Transfers, menus and recordings of every carrier on PostgreSQL, one story each: transactions really run side by
side there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest

from tests.calls import test_menus, test_recordings_kept
from tests.calls.heard import record
from tests.calls.lines import line
from tests.calls.postgres import postgres
from tests.calls.telephone import names, telephone
from tests.calls.transfers.cases import outcomes, partings
from tests.calls.transfers.playing import play, transferring
from tests.calls.transfers.ways import CARRIERS, WAYS, At

pytestmark = [pytest.mark.slow, pytest.mark.parametrize("carrier", CARRIERS)]

STORY = frozenset(
    {"bridged", "busy", "second of two in order", "with the request", "ringing", "joining"}
)


@pytest.fixture(scope="module")
def new_url() -> Iterator[Callable[[], str]]:
    """Makes databases that nobody has written to."""
    counted = count(1)
    with postgres() as server:

        def make() -> str:
            name = f"story_{next(counted)}"
            with psycopg.connect(server.url, autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE {name}".encode())
            return str(server.server.get_uri(database=name))

        yield make


async def test_transfers(tmp_path: Path, new_url: Callable[[], str], carrier: str) -> None:
    at = At(carrier, WAYS["cold" if carrier == "exotel" else "warm, key"])
    cases = [one for one in (*outcomes(at), *partings(at)) if one.name in STORY]
    async with transferring(tmp_path, carrier, database_url=new_url()) as world:
        await play(world, cases)


async def test_a_menu(tmp_path: Path, new_url: Callable[[], str], carrier: str) -> None:
    record(tmp_path, *test_menus.TEXTS)
    async with line(tmp_path, carrier, sounds=str(tmp_path), database_url=new_url()) as at:
        await test_menus.test_a_key_may_ring_somebody_else(at)


async def test_a_recording(tmp_path: Path, new_url: Callable[[], str], carrier: str) -> None:
    async with telephone(tmp_path, carrier, database_url=new_url()) as world:
        placed = await test_recordings_kept.recorded_call(world)
        call = await world.until(placed, test_recordings_kept.is_kept, within=60)
        assert names(call).count("recording-kept") == 1
        await world.eventually(lambda: world.carrier.ledger.live_legs() == ())
