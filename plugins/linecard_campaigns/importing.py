"""A file of leads taken in line by line: what is good is added, and every other line gets its reason."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import ValidationError

from linecard import InvalidField, now
from linecard_campaigns import campaigns, misfit
from linecard_campaigns.door import NewLead, Refused
from linecard_campaigns.intake import Judge, Twice, Wish, add_new, already, fresh_id, named
from linecard_campaigns.leads import AT_ONCE, Lead
from linecard_campaigns.models import ImportOut, LeadIn, LineOut
from linecard_campaigns.spreadsheets import Line, payload_of, read_lines
from linecard_campaigns.standing import DEFAULT

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from linecard import Server

PLAIN = ("to", "reference", "not_before", "timezone", "agent")


@dataclass(frozen=True, slots=True)
class _Passed:
    """A line whose lead may be added."""

    line: Line
    lead: Lead


async def take_file(server: Server, campaign: str, content: bytes) -> ImportOut:
    """Add the leads of a CSV file. Raises InvalidField for a file that cannot be read at all, and Conflict
    where the campaign was stopped."""
    misfit.refuse(server.database)
    lines = read_lines(content)
    async with server.database.read() as conn:
        if campaign != DEFAULT:
            campaigns.check_open(await campaigns.get(conn, campaign))
        judge = Judge(server)
        judged = [await _judged(conn, judge, campaign, line) for line in lines]
    passed = [one for one in judged if isinstance(one, _Passed)]
    refused = [one for one in judged if isinstance(one, LineOut)]
    return _told(campaign, [*refused, *await _added(server, judge, named(campaign), passed)])


async def _judged(
    conn: AsyncConnection, judge: Judge, campaign: str, line: Line
) -> _Passed | LineOut:
    path = f"line {line.number}."
    try:
        wish = Wish(_read(line), campaign, path)
        return _Passed(line, await judge.judged(conn, wish, fresh_id(), now()))
    except Refused as error:
        return LineOut(
            line=line.number,
            to=_to(line),
            result="duplicate" if isinstance(error, Twice) else "refused",
            field=error.field.removeprefix(path),
            message=error.message,
        )


def _read(line: Line) -> NewLead:
    """Raises InvalidField for the first cell that is wrong."""
    cells: dict[str, object] = {name: line.cells[name] for name in PLAIN if name in line.cells}
    try:
        read = LeadIn.model_validate({"to": "", **cells, "payload": payload_of(line)})
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise InvalidField(field, str(first["msg"])) from error
    return new_lead(read)


def new_lead(read: LeadIn) -> NewLead:
    """A lead as it was read."""
    return NewLead(
        to=read.to,
        reference=read.reference,
        payload=read.payload,
        timezone=read.timezone,
        agent=read.agent,
        not_before=read.not_before,
    )


async def _added(
    server: Server, judge: Judge, campaign: str | None, passed: Sequence[_Passed]
) -> list[LineOut]:
    """Some at a time, so that calls are not kept from the database."""
    told: list[LineOut] = []
    for start in range(0, len(passed), AT_ONCE):
        some = passed[start : start + AT_ONCE]
        async with server.database.write() as conn:
            there = await add_new(conn, campaign, judge.plans[campaign], [one.lead for one in some])
        told += [_of_line(one, there.get(one.lead.id)) for one in some]
    return told


def _of_line(one: _Passed, there: Lead | None) -> LineOut:
    number, to = one.line.number, one.lead.to
    if there is None:
        return LineOut(line=number, to=to, result="added", lead=one.lead.id)
    field, _, message = already(there, one.lead).partition(": ")
    return LineOut(
        line=number, to=to, result="duplicate", lead=there.id, field=field, message=message
    )


def _to(line: Line) -> str:
    return line.cells.get("to", "")[:32]


def _told(campaign: str, lines: Iterable[LineOut]) -> ImportOut:
    report = sorted(lines, key=lambda one: one.line)
    results = [one.result for one in report]
    return ImportOut(
        campaign=campaign,
        lines=len(report),
        added=results.count("added"),
        duplicates=results.count("duplicate"),
        refused=results.count("refused"),
        report=report,
    )
