"""`/api/numbers`: registered numbers."""

from __future__ import annotations

from dataclasses import asdict, is_dataclass
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query
from starlette.responses import Response

from linecard.errors import Conflict, InvalidField, NotFound
from linecard.exchange.context import Exchange
from linecard.http.api.models import NumberIn, NumberList, NumberOut, NumberPatch
from linecard.http.api.views import number_out
from linecard.numbers import Number, parse_e164
from linecard.store import calls, numbers
from linecard.tokens import new_id

Limit = Annotated[int, Query(ge=1, le=200)]


def numbers_router(exchange: Exchange) -> APIRouter:
    """The routes of `/api/numbers`."""
    router = APIRouter(prefix="/numbers", tags=["numbers"])

    @router.post("", status_code=201)
    async def register(body: NumberIn) -> NumberOut:
        number = checked(exchange, body.model_dump(), new_id())
        async with exchange.database.write() as conn:
            await numbers.add(conn, number)
        return number_out(exchange, number)

    @router.get("")
    async def page(limit: Limit = 50, cursor: str | None = None) -> NumberList:
        async with exchange.database.read() as conn:
            found = await numbers.page(conn, limit, cursor)
        return NumberList(
            items=[number_out(exchange, number) for number in found.items], next=found.next
        )

    @router.get("/{number}")
    async def show(number: str) -> NumberOut:
        return number_out(exchange, await existing(exchange, number))

    @router.patch("/{number}")
    async def change(number: str, body: NumberPatch) -> NumberOut:
        current = await existing(exchange, number)
        wanted = _merged(current, body.model_dump(exclude_unset=True))
        changed = checked(exchange, wanted, current.id)
        async with exchange.database.write() as conn:
            values = asdict(changed)
            for fixed in ("id", "number", "former_target", "connected_target"):
                values.pop(fixed)
            changed = await numbers.update(conn, current.number, **values)
        return number_out(exchange, changed)

    @router.delete("/{number}", status_code=204)
    async def remove(number: str) -> Response:
        current = await existing(exchange, number)
        async with exchange.database.write() as conn:
            live = await calls.live_on_number(conn, current.number)
            if live:
                raise Conflict(f"{live} calls are live on the number; end them first")
            await numbers.remove(conn, current.number)
        return Response(status_code=204)

    return router


async def existing(exchange: Exchange, number: str) -> Number:
    """A registered number, or NotFound."""
    async with exchange.database.read() as conn:
        found = await numbers.get(conn, number)
    if found is None:
        raise NotFound("registered number", number)
    return found


def _merged(current: Number, changes: dict[str, Any]) -> dict[str, Any]:
    values = asdict(current)
    for inner in ("id", "former_target", "connected_target"):
        values.pop(inner)
    if changes.get("provider", current.provider) != current.provider:
        values.update(account=None, stream=None, options={})
    return values | changes


def checked(exchange: Exchange, values: dict[str, Any], number_id: str) -> Number:
    """A number whose provider, account, agent, stream profile and options are all real.

    Raises InvalidField with the field and what is there instead.
    """
    number = parse_e164(values["number"])
    provider = exchange.plugins.providers.get(values["provider"])
    if provider is None:
        installed = ", ".join(sorted(exchange.plugins.providers)) or "none"
        raise InvalidField("provider", f"not installed; installed: {installed}")
    relay = _relay(exchange, values["provider"], values["account"])
    _check_agent(exchange, values["agent"])
    _check_stream(values["stream"], relay.hooks.stream_profiles())
    return Number(
        id=number_id,
        number=number,
        provider=relay.provider,
        account=relay.account,
        agent=values["agent"],
        channels=values["channels"],
        stream=values["stream"],
        options=_options(provider.cls, values["options"]),
        record=values["record"],
        enabled=values["enabled"],
    )


def _relay(exchange: Exchange, provider: str, account: str | None) -> Any:
    try:
        return exchange.plugins.relay(provider, account)
    except NotFound as error:
        raise InvalidField("account" if account else "provider", str(error)) from error


def _check_agent(exchange: Exchange, name: str) -> None:
    try:
        exchange.agents.find(name)
    except NotFound as error:
        raise InvalidField("agent", str(error)) from error


def _check_stream(name: str | None, profiles: Any) -> None:
    names = {profile.name: profile for profile in profiles}
    if name is not None and name not in names:
        raise InvalidField("stream", f"not a stream profile; there are: {', '.join(names)}")
    chosen = names[name] if name else profiles[0]
    if chosen.transport != "websocket-in":
        raise InvalidField("stream", f"transport {chosen.transport} is not supported")


def _options(provider: Any, given: dict[str, Any]) -> dict[str, Any]:
    """The options as the provider's own declaration takes them; only what was given is kept."""
    declared = getattr(provider, "options", None)
    if declared is None or not is_dataclass(declared):
        if given:
            raise InvalidField("options", "this provider has none")
        return {}
    unknown = sorted(set(given) - set(declared.__dataclass_fields__))
    if unknown:
        known = ", ".join(declared.__dataclass_fields__)
        raise InvalidField(f"options.{unknown[0]}", f"not an option; there are: {known}")
    try:
        msgspec.convert(given, declared)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$")
        raise InvalidField(f"options{path.rstrip('`')}", message) from error
    return given
