"""`/api/leads`: push leads, and look at them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Body
from pydantic import ValidationError

from linecard import InvalidField, parse_e164
from linecard_campaigns import campaigns, leads
from linecard_campaigns.answering import (
    CALL,
    READ,
    Key,
    Limit,
    Running,
    described,
    problems,
    refused,
    repeat_of,
)
from linecard_campaigns.describing import MOST_LEADS, leads_body
from linecard_campaigns.importing import new_lead
from linecard_campaigns.intake import Fault, Refusals, Wish, take_in
from linecard_campaigns.leads import Filter, LeadStatus
from linecard_campaigns.models import LeadIn, LeadList, LeadOut, LeadShown
from linecard_campaigns.standing import DEFAULT
from linecard_campaigns.views import lead_out, lead_shown, leads_out

LARGEST_BODY = 8 * 1024 * 1024


def leads_router(nudge: Callable[[], None]) -> APIRouter:
    """The routes of `/api/leads`; `nudge` says that there are new ones."""
    router = APIRouter(prefix="/leads", tags=["leads"])
    _add_push(router, nudge)
    _add_looks(router)
    _add_cancel(router)
    return router


def _add_push(router: APIRouter, nudge: Callable[[], None]) -> None:
    @router.post(
        "",
        status_code=201,
        responses=problems(409, 422),
        openapi_extra=described(
            CALL, requestBody=leads_body(), **{"x-linecard-largest-body": LARGEST_BODY}
        ),
    )
    async def push(
        server: Running, body: Annotated[Any, Body()], idempotency_key: Key = None
    ) -> LeadOut | LeadList:
        try:
            repeat = repeat_of(idempotency_key, "leads", body)
            taken = await take_in(server, _wishes(body), repeat)
        except Refusals as error:
            raise refused(error.faults) from error
        nudge()
        async with server.database.read() as conn:
            shown = await leads_out(conn, taken)
        return LeadList(items=shown, next=None) if isinstance(body, list) else shown[0]


def _add_looks(router: APIRouter) -> None:
    @router.get("", responses=problems(404, 422), openapi_extra=described(READ))
    async def page(
        server: Running,
        campaign: str | None = None,
        status: LeadStatus | None = None,
        to: str | None = None,
        reference: str | None = None,
        limit: Limit = 50,
        cursor: str | None = None,
    ) -> LeadList:
        wanted = Filter(campaign, status, _sought(to), _printable(reference, "reference"))
        async with server.database.read() as conn:
            if campaign is not None and campaign != DEFAULT:
                await campaigns.get(conn, campaign)
            found = await leads.page(conn, wanted, limit, cursor)
            items = await leads_out(conn, found.items)
        return LeadList(items=items, next=found.next)

    @router.get("/{lead_id}", responses=problems(404), openapi_extra=described(READ))
    async def show(server: Running, lead_id: str) -> LeadShown:
        async with server.database.read() as conn:
            return await lead_shown(conn, await leads.get(conn, lead_id))


def _add_cancel(router: APIRouter) -> None:
    @router.post("/{lead_id}/cancel", responses=problems(404, 409), openapi_extra=described(CALL))
    async def cancel(server: Running, lead_id: str) -> LeadOut:
        async with server.database.write() as conn:
            canceled = await leads.cancel(conn, lead_id)
            tries = await leads.tries(conn, [lead_id])
        return lead_out(canceled, tries[lead_id])


def _wishes(body: object) -> list[Wish]:
    """The leads of a request. Raises the faults of all of them at once."""
    if not isinstance(body, list):
        return [_wish(body, "")]
    if not 1 <= len(body) <= MOST_LEADS:
        raise InvalidField("body", f"must be a lead, or a list of 1 to {MOST_LEADS}")
    read: list[Wish] = []
    faults: list[Fault] = []
    for place, one in enumerate(body):
        try:
            read.append(_wish(one, f"{place}."))
        except Refusals as error:
            faults += error.faults
    if faults:
        raise Refusals(faults)
    return read


def _wish(given: object, path: str) -> Wish:
    try:
        read = LeadIn.model_validate(given)
    except ValidationError as error:
        raise Refusals([_fault(one, path) for one in error.errors()]) from error
    return Wish(new_lead(read), read.campaign, path)


def _fault(one: Any, path: str) -> Fault:
    field = f"{path}{'.'.join(map(str, one['loc']))}".rstrip(".")
    return Fault(field or "body", one["msg"])


def _sought(to: str | None) -> str | None:
    """A plus that was not encoded arrives as a blank."""
    return None if to is None else parse_e164(to.replace(" ", "+", 1))


def _printable(value: str | None, field: str) -> str | None:
    if value is not None and not value.isprintable():
        raise InvalidField(field, "holds characters that cannot be printed")
    return value
