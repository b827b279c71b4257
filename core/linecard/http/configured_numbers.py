"""Numbers that stand in linecard.toml: registered, or brought in line with the file, at every start.

The file wins for each field that it names; what it does not name stays as the API has set it. Numbers
that it does not name at all are left alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import structlog
from pydantic import ValidationError

from linecard.errors import Conflict, LinecardError
from linecard.exchange.context import Exchange
from linecard.exchange.pasted import new_proof
from linecard.http.api.models import NumberIn, NumberPatch
from linecard.http.api.numbers import change_number
from linecard.http.api.registration import check_targets, checked
from linecard.numbers import Number, mask
from linecard.store import numbers
from linecard.tokens import new_id

log = structlog.get_logger()


async def apply_numbers(exchange: Exchange) -> Sequence[str]:
    """Bring the registered numbers in line with the settings; what is wrong, each fault with its place."""
    problems: list[str] = []
    for number, table in exchange.settings.numbers.items():
        place = f'numbers."{number}"'
        try:
            await _apply(exchange, number, table)
        except ValidationError as error:
            problems += misshapen(place, error)
        except LinecardError as error:
            field = getattr(error, "field", None)
            message = getattr(error, "message", str(error))
            problems.append(f"{place}.{field}: {message}" if field else f"{place}: {message}")
    return problems


def misshapen(place: str, error: ValidationError) -> Sequence[str]:
    """What has the wrong shape in a table of the file, each with its place."""
    return [f"{place}.{_path(one['loc'])}: {one['msg']}" for one in error.errors()]


async def _apply(exchange: Exchange, number: str, table: Mapping[str, Any]) -> None:
    async with exchange.database.read() as conn:
        current = await numbers.get(conn, number)
    if current is None:
        await _register(exchange, number, table)
    else:
        await _bring_in_line(exchange, current, table)


async def _register(exchange: Exchange, number: str, table: Mapping[str, Any]) -> None:
    body = NumberIn.model_validate({**table, "number": number})
    made = checked(exchange, body.model_dump(), new_id(), (new_proof(),))
    await check_targets(exchange, made)
    # Another server that starts beside this one reads the same file.
    with suppress(Conflict):
        async with exchange.database.write() as conn:
            await numbers.add(conn, made)
        log.info("a number of the settings is registered", number=mask(number))


async def _bring_in_line(exchange: Exchange, current: Number, table: Mapping[str, Any]) -> None:
    body = NumberPatch.model_validate(dict(table))
    await change_number(exchange, current, body.model_dump(exclude_unset=True))


def _path(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location)
