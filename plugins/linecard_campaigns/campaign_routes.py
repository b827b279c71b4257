"""`/api/campaigns`: begin campaigns, steer them, fill them from files, and see what came of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Body, Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from linecard import Conflict, Server, now
from linecard.store import idempotency
from linecard_campaigns import campaigns, leads
from linecard_campaigns.answering import (
    CALL,
    READ,
    Key,
    Limit,
    Running,
    described,
    problems,
    repeat_of,
)
from linecard_campaigns.campaigns import Campaign, Change
from linecard_campaigns.describing import campaign_body, changes_body, file_body
from linecard_campaigns.door import check_plan
from linecard_campaigns.importing import take_file
from linecard_campaigns.intake import Repeat, remembered
from linecard_campaigns.leads import Filter
from linecard_campaigns.models import CampaignList, CampaignOut, ImportOut, LeadOut, ReportOut
from linecard_campaigns.plans import Plan, changed_plan, parse_plan
from linecard_campaigns.plotting import plot
from linecard_campaigns.spreadsheets import COLUMNS, written
from linecard_campaigns.views import (
    campaign_out,
    campaigns_out,
    leads_out,
    report_of,
    report_out,
)

log = structlog.get_logger()

LARGEST_FILE = 16 * 1024 * 1024


def campaigns_router(nudge: Callable[[], None]) -> APIRouter:
    """The routes of `/api/campaigns`; `nudge` says that there are new leads, or that some go on."""
    router = APIRouter(prefix="/campaigns", tags=["campaigns"])
    _add_campaigns(router)
    _add_changes(router, nudge)
    _add_replan(router, nudge)
    _add_files(router, nudge)
    _add_reports(router)
    return router


def _add_campaigns(router: APIRouter) -> None:
    @router.post(
        "",
        status_code=201,
        responses=problems(409, 422),
        openapi_extra=described(CALL, requestBody=campaign_body()),
    )
    async def begin(
        server: Running, body: Annotated[Any, Body()], idempotency_key: Key = None
    ) -> CampaignOut:
        plan = parse_plan(body)
        repeat = repeat_of(idempotency_key, "campaigns", body)
        return await _shown(server, await _begun(server, plan, repeat))

    @router.get("", responses=problems(422), openapi_extra=described(READ))
    async def page(server: Running, limit: Limit = 50, cursor: str | None = None) -> CampaignList:
        async with server.database.read() as conn:
            found = await campaigns.page(conn, limit, cursor)
            items = await campaigns_out(conn, found.items)
        return CampaignList(items=items, next=found.next)

    @router.get("/{campaign_id}", responses=problems(404), openapi_extra=described(READ))
    async def show(server: Running, campaign_id: str) -> CampaignOut:
        return await _shown(server, campaign_id)


def _add_changes(router: APIRouter, nudge: Callable[[], None]) -> None:
    async def changed(server: Server, campaign_id: str, what: Change) -> CampaignOut:
        async with server.database.write() as conn:
            await campaigns.change(conn, campaign_id, what)
        nudge()
        return await _shown(server, campaign_id)

    @router.post(
        "/{campaign_id}/pause", responses=problems(404, 409), openapi_extra=described(CALL)
    )
    async def pause(server: Running, campaign_id: str) -> CampaignOut:
        return await changed(server, campaign_id, Change.PAUSE)

    @router.post(
        "/{campaign_id}/resume", responses=problems(404, 409), openapi_extra=described(CALL)
    )
    async def resume(server: Running, campaign_id: str) -> CampaignOut:
        return await changed(server, campaign_id, Change.RESUME)

    @router.post("/{campaign_id}/stop", responses=problems(404, 409), openapi_extra=described(CALL))
    async def stop(server: Running, campaign_id: str) -> CampaignOut:
        return await changed(server, campaign_id, Change.STOP)


def _add_replan(router: APIRouter, nudge: Callable[[], None]) -> None:
    @router.patch(
        "/{campaign_id}",
        responses=problems(404, 409, 422),
        openapi_extra=described(CALL, requestBody=changes_body()),
    )
    async def replan(
        server: Running, campaign_id: str, body: Annotated[Any, Body()]
    ) -> CampaignOut:
        async with server.database.read() as conn:
            before = await campaigns.get(conn, campaign_id)
        campaigns.check_changeable(before)
        await check_plan(server, changed_plan(before.plan, body))
        async with server.database.write() as conn:
            await campaigns.replan(conn, campaign_id, body)
        log.info("the plan of a campaign was changed", campaign=campaign_id, fields=sorted(body))
        nudge()
        return await _shown(server, campaign_id)


def _add_files(router: APIRouter, nudge: Callable[[], None]) -> None:
    @router.post(
        "/{campaign_id}/leads.csv",
        status_code=201,
        responses={**problems(404, 409, 413, 422), 200: {"model": ImportOut}},
        response_model=ImportOut,
        openapi_extra=described(
            CALL, requestBody=file_body(), **{"x-linecard-largest-body": LARGEST_FILE}
        ),
    )
    async def take(server: Running, campaign_id: str, request: Request) -> Response:
        told = await take_file(server, campaign_id, await request.body())
        nudge()
        return JSONResponse(told.model_dump(mode="json"), 201 if told.added else 200)

    @router.get(
        "/{campaign_id}/leads.csv",
        responses={**problems(404), 200: {"content": {"text/csv": {}}}},
        response_class=Response,
        openapi_extra=described(READ),
    )
    async def give(server: Running, campaign_id: str) -> Response:
        await _shown(server, campaign_id)
        name = f'attachment; filename="leads-{campaign_id}.csv"'
        return StreamingResponse(
            _written(server, campaign_id),
            media_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": name},
        )


def _add_reports(router: APIRouter) -> None:
    @router.get("/{campaign_id}/report", responses=problems(404), openapi_extra=described(READ))
    async def report(server: Running, campaign_id: str) -> ReportOut:
        async with server.database.read() as conn:
            await campaigns.get(conn, campaign_id)
            return report_out(await report_of(conn, campaign_id))

    @router.get(
        "/{campaign_id}/report.svg",
        responses={**problems(404), 200: {"content": {"image/svg+xml": {}}}},
        response_class=Response,
        openapi_extra=described(READ),
    )
    async def picture(server: Running, campaign_id: str) -> Response:
        async with server.database.read() as conn:
            campaign = await campaigns.get(conn, campaign_id)
            drawn = plot(campaign.plan.name, await report_of(conn, campaign_id))
        return Response(drawn, media_type="image/svg+xml")


async def _begun(server: Server, plan: Plan, repeat: Repeat | None) -> str:
    """The id of a new campaign, or of the one that this key has begun before."""
    if repeat is not None and (before := await _before(server, repeat)):
        return before
    await check_plan(server, plan)
    try:
        return (await _added(server, plan, repeat)).id
    except Conflict:
        before = None if repeat is None else await _before(server, repeat)
        if before is None:
            raise
        return before


async def _before(server: Server, repeat: Repeat) -> str | None:
    async with server.database.read() as conn:
        return await remembered(conn, repeat)


async def _added(server: Server, plan: Plan, repeat: Repeat | None) -> Campaign:
    async with server.database.write() as conn:
        added = await campaigns.add(conn, plan)
        if repeat is not None:
            await idempotency.keep(conn, repeat.key, repeat.body_hash, added.id, now())
    return added


async def _shown(server: Server, id: str) -> CampaignOut:
    async with server.database.read() as conn:
        return await campaign_out(conn, await campaigns.get(conn, id))


async def _written(server: Server, id: str) -> AsyncIterator[str]:
    """All leads of a campaign, some at a time; a connection is held for no longer than that."""
    yield written([COLUMNS])
    cursor = None
    while True:
        async with server.database.read() as conn:
            found = await leads.page(conn, Filter(campaign=id), leads.AT_ONCE, cursor)
            shown = await leads_out(conn, found.items)
        yield written([_row(one) for one in shown])
        cursor = found.next
        if cursor is None:
            return


def _row(lead: LeadOut) -> list[object]:
    values = lead.model_dump(mode="json")
    return [values[column] for column in COLUMNS]
