"""Forgetting a person's number: from everything that is kept, whole or not at all."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from linecard.calls import Call
from linecard.errors import Conflict, NotFound
from linecard.exchange.context import Exchange
from linecard.exchange.forgetting import erasing, jobs
from linecard.exchange.forgetting.report import Report
from linecard.flight.keeping import file_of
from linecard.mentions import Mention
from linecard.numbers import parse_e164
from linecard.store import blocklist, forgetting, mentioned, numbers

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from linecard.store.mentioned import Row

log = structlog.get_logger()

JOURNAL_LOOKS, JOURNAL_SECONDS = 50, 0.1
MOST_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Whom to forget, in E.164; `also_blocklist`: their calls are taken again from then on."""

    number: str
    also_blocklist: bool = False
    dry_run: bool = False


class _Undone(Exception):
    """Ends a dry run: its transaction is rolled back."""


async def forget(exchange: Exchange, wish: Wish) -> Report:
    """Erase a number. Safe to repeat, and nothing is erased where it raises.

    Raises InvalidField for what is no number, and Conflict for a registered number, while a call of the
    number is live, or while callbacks wait in the journal.
    """
    mention = Mention(parse_e164(wish.number))
    await _empty_journal(exchange)
    async with exchange.database.read() as conn:
        places = exchange.plugins.ask_all_flat("free_text")
        found = await mentioned.rows(conn, mention, places)
    reports: list[Report] = []
    with suppress(_Undone):
        async with exchange.database.write() as conn:
            reports.append(await _forget(exchange, conn, wish, mention, found))
            if wish.dry_run:
                raise _Undone
    exchange.work_is_due.set()
    log.info("a number was forgotten", dry_run=wish.dry_run, **reports[0].erased)
    return reports[0]


async def _empty_journal(exchange: Exchange) -> None:
    """Callbacks in the journal are on no record yet, and may be of this number."""
    for _ in range(JOURNAL_LOOKS):
        if not exchange.journal.waiting:
            return
        await asyncio.sleep(JOURNAL_SECONDS)
    raise Conflict("callbacks wait in the journal until the database takes them; try again")


async def _forget(
    exchange: Exchange,
    conn: AsyncConnection,
    wish: Wish,
    mention: Mention,
    found: Sequence[Row],
) -> Report:
    if await numbers.get(conn, mention.number) is not None:
        raise Conflict(f"{mention.number} is a registered number; take it off the register first")
    concerned = await forgetting.of_number(conn, mention.number)
    concerned |= await mentioned.calls_with(conn, mention)
    erased: Counter[str] = Counter()
    left = 0
    for ids in forgetting.chunks(sorted(concerned)):
        known = await forgetting.locked(conn, ids)
        _refuse_live(exchange, known)
        left += erasing.at_carriers(exchange, await forgetting.recorded(conn, ids))
        erased += await erasing.erase(exchange, conn, known, mention.number)
    erased.update(await _of_plugins(exchange, conn, mention.number))
    erased["mentions"] = await mentioned.hide(conn, mention, found)
    erased["idempotency_keys"] += await mentioned.erase_keys(conn, mention)
    erased["flight_records"] = await asyncio.to_thread(_flights, exchange, sorted(concerned))
    erased["blocklist"] = await _unblock(conn, wish, mention)
    await jobs.put_scrub(exchange, conn)
    return Report(
        erased=erased,
        dry_run=wish.dry_run,
        blocked=await blocklist.has(conn, mention.number),
        left_at_carrier=left,
        named_in=await _named_in(exchange, conn, mention),
    )


async def _of_plugins(exchange: Exchange, conn: AsyncConnection, number: str) -> Counter[str]:
    """What plugins have erased, by the kinds that they name."""
    told = await exchange.plugins.ask_each("number_forgotten", number=number, connection=conn)
    return sum((Counter(counts) for _, counts in told), Counter())


def _refuse_live(exchange: Exchange, known: Sequence[Call]) -> None:
    live = [call.id for call in known if not call.is_over or call.id in exchange.lives]
    if live:
        shown = ", ".join(live[:MOST_SHOWN])
        raise Conflict(f"a call of the number is not over ({shown}); end it first")


async def _unblock(conn: AsyncConnection, wish: Wish, mention: Mention) -> int:
    """The number's own entry, where that is asked for. Who asked not to be called stays blocked else."""
    if not wish.also_blocklist:
        return 0
    with suppress(NotFound):
        await blocklist.remove(conn, mention.number)
        return 1
    return 0


def _flights(exchange: Exchange, ids: Sequence[str]) -> int:
    """How many flight records there are of calls; they go in the background."""
    folder = exchange.settings.flight_dir
    if folder is None:
        return 0
    files = [file_of(Path(folder), one, packed=packed) for one in ids for packed in (False, True)]
    return sum(file.exists() for file in files)


async def _named_in(exchange: Exchange, conn: AsyncConnection, mention: Mention) -> tuple[str, ...]:
    settings = exchange.settings
    places = [settings.numbers, settings.blocklist, settings.transfer_allow]
    written = mention.stands_in(places)
    return (*await mentioned.configured(conn, mention), *(["settings"] if written else []))
