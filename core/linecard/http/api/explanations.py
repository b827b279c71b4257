"""`/api/calls/{id}/explanation`: why a call went as it did."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from linecard.errors import NotFound
from linecard.exchange.context import Exchange
from linecard.exchange.explaining import explanation
from linecard.explaining import Topic
from linecard.http.api.description import problems
from linecard.http.api.lookups import can_be_asked


class SentenceOut(BaseModel):
    """One thing that is known of the call; `at` is null for what sums up."""

    model_config = ConfigDict(from_attributes=True)

    topic: Topic
    text: str
    at: datetime | None


class ExplanationOut(BaseModel):
    """Why a call went as it did. Numbers are masked; `advice` is what a person can do.

    `call` is null where the carrier told of a call that was not taken.
    """

    model_config = ConfigDict(from_attributes=True)

    call: str | None
    summary: str
    began: datetime | None
    sentences: list[SentenceOut]
    advice: list[str]


def explanations_router(exchange: Exchange) -> APIRouter:
    """The one route."""
    router = APIRouter(prefix="/calls/{call_id}", tags=["calls"])

    @router.get("/explanation", responses=problems(404))
    async def explain(call_id: str) -> ExplanationOut:
        if not can_be_asked(call_id):
            raise NotFound("call", call_id)
        return ExplanationOut.model_validate(await explanation(exchange, call_id))

    return router
