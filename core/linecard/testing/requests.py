"""Checks of requests to the carrier's API: what leaves, how often, and what each answer comes to."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from linecard.carrier import CallLookup, Download, Found, HangUpResult, PlacedCall
from linecard.errors import (
    CarrierError,
    CarrierRefused,
    CarrierUnavailable,
    InvalidField,
    LinecardError,
    PlacementUnknown,
    UnsupportedByProvider,
)
from linecard.testing.asking import ASKS, Heard, ask, place_order, samples_of, socket_url
from linecard.testing.bench import Bench
from linecard.testing.case import Case
from linecard.testing.samples import Says
from linecard.testing.server import Decide, Fault, api
from linecard.testing.speaking import address
from linecard.webhook import Kind

HTML = b"<html><body>502 Bad Gateway</body></html>"
UNCLEAR: Mapping[str, Says | Fault] = {
    "500": Says(500, {"error": "internal"}),
    "502 with HTML": Says(502, HTML),
    "503 with Retry-After": Says(503, {"error": "busy"}, {"Retry-After": "0"}),
    "504 with nothing": Says(504),
    "a cut before the answer": Fault.CUT,
    "a cut within the answer": Fault.CUT_WITHIN,
    "no HTTP": Fault.NO_HTTP,
    "200 with nothing": Says(200),
    "200 with HTML": Says(200, HTML),
    "200 with a list": Says(200, []),
    "200 with null": Says(200, b"null"),
    "200 with a number": Says(200, b"7"),
    "200 without an id": Says(200, {}),
    "200 with broken JSON": Says(200, b'{"id": "x'),
    "200 not UTF-8": Says(200, b'{"id": "\xff\xfe"}'),
    "200 with deep JSON": Says(200, b'{"a":' * 50_000),
    "201 with broken gzip": Says(201, b"\x1f\x8b\x08broken", {"Content-Encoding": "gzip"}),
}
"""Answers after which a call may be there or not."""
REFUSALS = (400, 401, 402, 403, 404, 422, 429)
RETRY_AFTER = 7
BROKEN: Mapping[str, Says | Fault] = {
    "500": Says(500, {"error": "internal"}),
    "401": Says(401, {"error": "who are you"}),
    "404": Says(404, {"error": "not here"}),
    "429": Says(429, {"error": "slow down"}, {"Retry-After": "soon"}),
    "nothing": Says(200),
    "HTML": Says(200, HTML),
    "a list": Says(200, []),
    "an empty object": Says(200, {}),
    "objects that are texts": Says(200, {"data": "x", "objects": "y", "meta": 1}),
    "a cut": Fault.CUT,
    "a cut within": Fault.CUT_WITHIN,
}
DIALS = ["place_call"]
ENDS = ["hang_up", "cancel_call"]


class Requests(Case):
    """Nobody is dialled twice, and whatever the API does is told in Linecard's own errors."""

    # --- placing a call ---

    def test_a_dial_that_is_taken_gives_the_carriers_ids(self) -> None:
        heard = _dial(self.bench)
        assert heard.error is None, heard.trace
        placed = heard.result
        assert isinstance(placed, PlacedCall)
        expected, held = samples_of(self.bench).ids, dict(placed.carrier_ids)
        assert held == dict(expected), f"the ids are {held}, not {dict(expected)}"

    def test_a_dial_is_one_request(self) -> None:
        heard = _dial(self.bench)
        assert len(heard.server.orders) == 1, _shown(heard)

    def test_a_dial_names_the_number(self) -> None:
        order = place_order(self.bench)
        heard = _dial(self.bench)
        said = _order(heard).document
        assert said.holds_number(order.to.address), f"{order.to.address} is not in {said.texts}"

    def test_a_dial_names_our_address_byte_for_byte(self) -> None:
        said = _order(_dial(self.bench)).document
        order = place_order(self.bench)
        urls = [socket_url(self.bench)] if order.profile.at_dial else [order.answer_url]
        assert any(said.holds_address(url) for url in urls), f"{urls} is not in {said.texts}"

    def test_a_dial_carries_the_longest_call(self) -> None:
        call = self.bench.call(carrier_ids={}, max_seconds=1234)
        self._differs(call, replace(call, max_seconds=1235))

    def test_a_dial_carries_how_long_it_rings(self) -> None:
        call = self.bench.call(carrier_ids={}, ring_seconds=23)
        self._differs(call, replace(call, ring_seconds=24))

    def _differs(self, first: Any, second: Any) -> None:
        if "place_call.limits" in self.bench.case.forgets:
            pytest.skip("the test forgets place_call.limits")
        bodies = []
        for call in (first, second):
            order = place_order(self.bench)
            changed = replace(order, call=replace(call, profile=order.call.profile))
            heard = ask(
                self.bench,
                "place_call",
                samples_of(self.bench).placed,
                lambda _bench, it, order=changed: it.place_call(order),  # type: ignore[misc]
            )
            bodies.append(_order(heard).document.texts)
        assert bodies[0] != bodies[1], "the limit does not leave with the dial"

    @pytest.mark.parametrize("answer", list(UNCLEAR))
    def test_a_dial_without_a_clear_answer_is_unknown_and_never_repeated(self, answer: str) -> None:
        heard = _dial(self.bench, UNCLEAR[answer])
        assert len(heard.server.orders) == 1, f"{answer}: {_shown(heard)}"
        assert isinstance(heard.error, PlacementUnknown), f"{answer}: {_ended(heard)}"

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_a_dial_follows_no_redirect(self, status: int) -> None:
        def away(arrived: Any) -> Says:
            return Says(status, None, {"Location": f"http://{arrived.headers['host']}/elsewhere"})

        heard = _dial(self.bench, away)
        assert len(heard.server.arrived) == 1, f"{status}: {_shown(heard)}"
        assert isinstance(heard.error, PlacementUnknown | CarrierRefused), _ended(heard)

    @pytest.mark.parametrize("status", REFUSALS)
    def test_a_dial_that_is_refused_is_refused(self, status: int) -> None:
        refused = replace(samples_of(self.bench).refused, status=status)
        heard = _dial(self.bench, refused)
        assert len(heard.server.orders) == 1, _shown(heard)
        assert isinstance(heard.error, CarrierRefused), f"{status}: {_ended(heard)}"
        assert heard.error.status == status, f"the refusal says {heard.error.status}"

    def test_a_refusal_says_when_to_come_back(self) -> None:
        refused = replace(
            samples_of(self.bench).refused, status=429, headers={"Retry-After": str(RETRY_AFTER)}
        )
        heard = _dial(self.bench, refused)
        assert isinstance(heard.error, CarrierRefused), _ended(heard)
        assert heard.error.retry_after == RETRY_AFTER, heard.error.retry_after

    def test_a_refusal_names_the_provider_and_shows_no_number(self) -> None:
        number = place_order(self.bench).to.address
        refused = Says(400, {"error": f"cannot dial {number}", "message": number})
        heard = _dial(self.bench, refused)
        assert isinstance(heard.error, CarrierRefused), _ended(heard)
        assert heard.error.provider == self.bench.known_as(), heard.error.provider
        assert number.removeprefix("+") not in str(heard.error), "the refusal shows the number"

    def test_a_dial_that_never_left_is_told_as_such(self) -> None:
        with api(Says(200)) as server:
            gone = server.url
        heard = _dial(self.bench, elsewhere=gone)
        assert isinstance(heard.error, CarrierRefused | PlacementUnknown), _ended(heard)

    def test_a_dial_holds_up_nobody_else(self) -> None:
        """The answer is held until the event loop lets it go: one that is blocked never does."""
        heard = _dial(self.bench, Fault.HELD)
        assert not heard.server.was_held_too_long, "the event loop is blocked while it waits"
        assert len(heard.server.orders) == 1, _shown(heard)

    def test_a_dial_that_is_given_up_is_not_sent_again(self) -> None:
        async def impatient(bench: Bench, provider: Any) -> None:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await provider.place_call(place_order(bench))

        def slow(_arrived: Any) -> Says | Fault:
            pause.wait(0.6)
            return Says(503)

        import threading

        pause = threading.Event()
        heard = ask(self.bench, "place_call", slow, impatient)
        pause.set()
        assert heard.error is None, heard.trace
        assert len(heard.server.orders) <= 1, _shown(heard)

    # --- ending a call ---

    @pytest.mark.parametrize("hook", ENDS)
    def test_ending_a_call_is_done(self, hook: str) -> None:
        heard = ask(self.bench, hook, samples_of(self.bench).done)
        assert heard.error is None, heard.trace
        if heard.result is HangUpResult.UNSUPPORTED and hook == "cancel_call":
            assert not heard.server.orders, "it asks for an end, and says that there is none"
            pytest.skip("the carrier cannot stop a call that rings")
        assert heard.result in (HangUpResult.DONE, HangUpResult.VIA_STREAM), heard.result

    @pytest.mark.parametrize("hook", ENDS)
    def test_ending_a_call_that_is_gone_is_no_fault(self, hook: str) -> None:
        heard = ask(self.bench, hook, samples_of(self.bench).gone)
        assert heard.error is None, heard.trace
        assert isinstance(heard.result, HangUpResult), heard.result

    @pytest.mark.parametrize("hook", ENDS)
    @pytest.mark.parametrize("answer", ["500", "a cut", "a cut within"])
    def test_an_end_that_is_not_certain_is_not_called_done(self, answer: str, hook: str) -> None:
        heard = ask(self.bench, hook, BROKEN[answer])
        if not heard.server.arrived:
            pytest.skip("it asks nothing of the API")
        assert isinstance(heard.error, CarrierUnavailable), f"{answer}: {_ended(heard)}"

    @pytest.mark.parametrize("hook", ENDS)
    def test_ending_a_call_without_ids_is_no_fault(self, hook: str) -> None:
        heard = ask(
            self.bench,
            hook,
            samples_of(self.bench).gone,
            lambda bench, it: getattr(it, hook)(bench.call(carrier_ids={})),
        )
        fine = heard.error is None or isinstance(heard.error, LinecardError)
        assert fine, heard.trace

    # --- every hook ---

    @pytest.mark.parametrize("answer", list(BROKEN))
    def test_whatever_the_api_answers_is_told_in_linecards_errors(
        self, awaited: str, answer: str
    ) -> None:
        if awaited not in ASKS:
            pytest.skip(f"the kit does not ask {awaited}")
        heard = ask(self.bench, awaited, BROKEN[answer])
        fine = heard.error is None or isinstance(heard.error, CarrierError | InvalidField)
        assert fine, f"{awaited}, {answer}: {heard.trace}"

    def test_a_hook_that_is_there_works(self, awaited: str) -> None:
        """What is declared and then not supported is a capability that is none."""
        samples = samples_of(self.bench)
        usual = samples.placed if awaited in DIALS else samples.done
        heard = ask(self.bench, awaited, samples.others.get(awaited, usual))
        assert not isinstance(heard.error, UnsupportedByProvider | NotImplementedError), (
            f"{awaited} is declared, and says: {heard.error}"
        )
        if awaited in samples.others:
            assert heard.error is None, heard.trace

    def test_secrets_show_nowhere(self, awaited: str) -> None:
        for says in (samples_of(self.bench).placed, *BROKEN.values()):
            if awaited not in ASKS:
                pytest.skip(f"the kit does not ask {awaited}")
            heard = ask(self.bench, awaited, says)
            self.bench.assert_no_secret(heard.said, f"what {awaited} printed or logged")
            self.bench.assert_no_secret(heard.trace, f"the error of {awaited}")
            self.bench.assert_no_secret(str(heard.result), f"the result of {awaited}")
            for arrived in heard.server.arrived:
                self.bench.assert_no_secret(arrived.target, "an address")
                proof = arrived.headers.get("authorization", "")
                shown = len(proof) > 8 and proof in heard.said + heard.trace
                assert not shown, f"{awaited} shows its Authorization"

    def test_a_look_up_of_a_call_that_is_not_there_ends_nothing(self) -> None:
        heard = ask(self.bench, "find_call", samples_of(self.bench).gone)
        assert heard.error is None, heard.trace
        assert isinstance(heard.result, CallLookup)
        assert heard.result.found in (Found.NOT_FOUND, Found.CANNOT_TELL), heard.result.found

    def test_a_look_up_without_ids_cannot_tell(self) -> None:
        heard = ask(
            self.bench, "find_call", samples_of(self.bench).gone, lambda _b, it: it.find_call({})
        )
        assert heard.error is None, heard.trace
        assert heard.result.found in (Found.NOT_FOUND, Found.CANNOT_TELL), heard.result.found

    def test_credentials_go_to_the_providers_hosts_alone(self) -> None:
        foreign = "https://evil.example.com/recording.wav"
        heard = ask(
            self.bench,
            "fetch_recording",
            Says(404),
            lambda _bench, it: it.fetch_recording("recording-1", foreign),
        )
        if heard.error is not None:
            assert isinstance(heard.error, LinecardError), heard.trace
            return
        download: Download = heard.result
        is_sent = download.authorization and "evil.example.com" in download.hosts
        assert not is_sent, "credentials would go to a host that a callback named"

    # --- numbers and set-up ---

    @pytest.mark.parametrize("field", ["from", "to"])
    def test_a_number_is_read_as_it_was_written(self, field: str) -> None:
        self.bench.needs("normalise_number", "format_number")
        provider = self.bench.make()
        for number in ("+14155550123", "+919876543210", "+442071838750"):
            written = provider.format_number(number, field)
            assert provider.normalise_number(written, field, None) == number, written

    def test_a_withheld_caller_is_nobody(self) -> None:
        self.bench.needs("normalise_number")
        for word in ("", "anonymous", "Anonymous", "+266696687", "Restricted"):
            said = self.bench.make().normalise_number(word, "from", None)
            assert said is None, f"{word!r} was read as {said!r}"

    def test_no_text_of_a_caller_is_a_fault(self) -> None:
        self.bench.needs("normalise_number")
        provider = self.bench.make()
        for text in ("+", "++1", "1" * 400, "\u0661\u0662", "sip:a@b", "\x00", "tel:+1", " "):
            try:
                said = provider.normalise_number(text, "from", "US")
            except InvalidField:
                continue
            assert said is None or re.fullmatch(r"\+[1-9][0-9]{6,14}", said), f"{text!r}: {said!r}"

    def test_set_up_steps_hold_our_addresses_byte_for_byte(self) -> None:
        self.bench.needs("setup_steps")
        addresses = {kind: address(self.bench, kind) for kind in Kind}
        steps = self.bench.make().setup_steps(self.bench.number(), addresses)
        assert steps, "setup_steps says nothing to do"
        pasted = " ".join(str(step) for step in steps)
        if self.bench.provider.facts().unsigned:
            # User and password may stand in an address: they leave it as a header.
            pasted = re.sub(r"(?<=//)[^/@\s]+@", "", pasted)
        assert any(url in pasted for url in addresses.values()), "no step has an address of ours"


def _dial(
    bench: Bench, says: Says | Fault | Decide | None = None, elsewhere: str | None = None
) -> Heard:
    answer = samples_of(bench).placed if says is None else says
    if elsewhere is None:
        return ask(bench, "place_call", answer)

    async def dial(other: Bench, _provider: Any) -> Any:
        lost = other.make(**{samples_of(other).setting: elsewhere})
        return await lost.place_call(place_order(other))

    return ask(bench, "place_call", answer, dial)


def _order(heard: Heard) -> Any:
    assert heard.error is None, heard.trace
    assert len(heard.server.orders) == 1, _shown(heard)
    return heard.server.orders[0]


def _shown(heard: Heard) -> str:
    return f"{[f'{one.method} {one.target}' for one in heard.server.arrived]} arrived"


def _ended(heard: Heard) -> str:
    return heard.trace or f"it returned {heard.result!r}"
