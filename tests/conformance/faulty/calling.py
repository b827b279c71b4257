"""Faults in requests to the API."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import httpx2

from linecard import (
    CallLookup,
    CarrierRefused,
    Download,
    Found,
    HangUpResult,
    PlacedCall,
    PlacementUnknown,
    PlaceOrder,
    UnsupportedByProvider,
    hookimpl,
)
from tests.conformance.faulty.registry import caught_by
from tests.conformance.tin import Tin

UNCLEAR = "a_dial_without_a_clear_answer_is_unknown_and_never_repeated"


@caught_by(UNCLEAR)
class DialsAgainAfter5xx(Tin):
    async def send(self, method: str, path: str, body: object = None) -> httpx2.Response:
        response = await super().send(method, path, body)
        again = response.status_code >= 500
        return await super().send(method, path, body) if again else response


@caught_by(UNCLEAR)
class DialsAgainAfterACut(Tin):
    async def send(self, method: str, path: str, body: object = None) -> httpx2.Response:
        try:
            return await super().send(method, path, body)
        except httpx2.TransportError:
            return await super().send(method, path, body)


@caught_by(UNCLEAR)
class Takes5xxForANo(Tin):
    def placed(self, response: httpx2.Response) -> PlacedCall:
        if response.status_code >= 500:
            raise CarrierRefused("tin", "refused", status=response.status_code)
        return super().placed(response)


@caught_by(UNCLEAR)
class TrustsTheAnswer(Tin):
    def placed(self, response: httpx2.Response) -> PlacedCall:
        if response.status_code == 200:
            return PlacedCall(carrier_ids={"tin": response.json()["call"]})
        return super().placed(response)


@caught_by("a_dial_that_is_refused_is_refused")
class KnowsNoRefusals(Tin):
    def placed(self, response: httpx2.Response) -> PlacedCall:
        if response.status_code == 403:
            raise PlacementUnknown("tin", "who knows", status=403)
        return super().placed(response)


@caught_by("a_refusal_says_when_to_come_back")
class ComesBackAtOnce(Tin):
    def placed(self, response: httpx2.Response) -> PlacedCall:
        if response.status_code == 429:
            raise CarrierRefused("tin", "refused", status=429)
        return super().placed(response)


@caught_by("a_dial_follows_no_redirect")
class FollowsRedirects(Tin):
    async def send(self, method: str, path: str, body: object = None) -> httpx2.Response:
        url = self._settings.api_url
        async with httpx2.AsyncClient(base_url=url, follow_redirects=True) as client:
            return await client.request(method, path, json=body)


@caught_by("a_dial_holds_up_nobody_else")
class BlocksTheLoop(Tin):
    async def send(self, method: str, path: str, body: object = None) -> httpx2.Response:
        with httpx2.Client(base_url=self._settings.api_url) as client:
            return client.request(method, path, json=body)


@caught_by("a_dial_that_is_taken_gives_the_carriers_ids")
class NamesNoIds(Tin):
    def placed(self, response: httpx2.Response) -> PlacedCall:
        super().placed(response)
        return PlacedCall(carrier_ids={})


@caught_by("a_dial_names_our_address_byte_for_byte")
class ChangesOurAddress(Tin):
    def dial(self, order: PlaceOrder) -> Any:
        return super().dial(order) | {"ask": order.answer_url.lower()}


@caught_by("a_dial_carries_the_longest_call")
class DialsWithoutAnEnd(Tin):
    def dial(self, order: PlaceOrder) -> Any:
        return super().dial(order) | {"most": 14_400}


@caught_by("a_refusal_names_the_provider_and_shows_no_number")
class RepeatsTheCarriersWords(Tin):
    def placed(self, response: httpx2.Response) -> PlacedCall:
        if response.status_code == 400:
            raise CarrierRefused("tin", response.text, status=400)
        return super().placed(response)


@caught_by("ending_a_call_that_is_gone_is_no_fault")
class FailsWhereNothingIs(Tin):
    @hookimpl
    async def hang_up(self, call: Any) -> HangUpResult:
        response = await self.ask("DELETE", f"/calls/{call.carrier_ids['tin']}")
        if not response.is_success:
            raise CarrierRefused("tin", "refused", status=response.status_code)
        return HangUpResult.DONE


@caught_by("an_end_that_is_not_certain_is_not_called_done")
class AlwaysDone(Tin):
    @hookimpl
    async def hang_up(self, call: Any) -> HangUpResult:
        with suppress(httpx2.HTTPError):
            await self.send("DELETE", "/calls/c-10")
        return HangUpResult.DONE


@caught_by("ending_a_call_without_ids_is_no_fault")
class NeedsAnId(Tin):
    @hookimpl
    async def hang_up(self, call: Any) -> HangUpResult:
        assert call.carrier_ids["tin"]
        return await super().hang_up(call)


@caught_by("whatever_the_api_answers_is_told_in_linecards_errors")
class LetsErrorsThrough(Tin):
    @hookimpl
    async def find_call(self, ids: Mapping[str, str]) -> CallLookup:
        await self.send("GET", "/calls/c-10")
        return CallLookup(found=Found.CANNOT_TELL)


@caught_by("a_hook_that_is_there_works")
class DeclaresWhatItCannot(Tin):
    @hookimpl
    async def find_call(self, ids: Mapping[str, str]) -> CallLookup:
        raise UnsupportedByProvider("tin", "find_call")


@caught_by("a_look_up_of_a_call_that_is_not_there_ends_nothing")
class FindsTheLost(Tin):
    @hookimpl
    async def find_call(self, ids: Mapping[str, str]) -> CallLookup:
        await self.ask("GET", "/calls/c-10")
        return CallLookup(found=Found.ENDED)


@caught_by("secrets_show_nowhere")
class SecretInTheAddress(Tin):
    async def send(self, method: str, path: str, body: object = None) -> httpx2.Response:
        return await super().send(method, f"{path}?key={self._settings.secret.reveal()}", body)


@caught_by("secrets_show_nowhere")
class SecretInTheLog(Tin):
    async def send(self, method: str, path: str, body: object = None) -> httpx2.Response:
        logging.getLogger("tin").debug("asking with %s", self._settings.secret.reveal())
        return await super().send(method, path, body)


@caught_by("credentials_go_to_the_providers_hosts_alone")
class SendsCredentialsAnywhere(Tin):
    @hookimpl
    async def fetch_recording(self, recording: str, url: str | None) -> Download:
        where = url or "https://api.tin.example/x"
        hosts = frozenset({httpx2.URL(where).host})
        return Download(url=where, hosts=hosts, authorization="Bearer x")


@caught_by("a_number_is_read_as_it_was_written")
class WritesNationalNumbers(Tin):
    @hookimpl
    def format_number(self, number: str, field: str) -> str:
        return number[2:]


@caught_by("a_withheld_caller_is_nobody")
class NumbersForNobody(Tin):
    @hookimpl
    def normalise_number(self, text: str, field: str, country: str | None) -> str | None:
        return super().normalise_number(text, field, country) or "+266696687"
