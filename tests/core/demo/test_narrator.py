"""The carrier's ledger, told as a story."""

from __future__ import annotations

import asyncio

import pytest

from linecard.clock import Clock
from linecard.demo.narrator import Narrator
from linecard.demo.story import Mark, Story, Who
from linecard.simulator.ledger import Ledger, What

CALL = "call-1"
ANSWER = "http://127.0.0.1:8080/any/answer?a=main&c=1&k=answer&t=x"
DOCUMENT = "<Response><Stream>ws://h</Stream><Redirect>http://h</Redirect></Response>"


class Told:
    """A ledger with a narrator on it."""

    def __init__(self) -> None:
        clock = Clock()
        self.ledger = Ledger(clock)
        self.story = Story(clock)
        self.ledger.watch(Narrator(self.story, {"+14155550123": "the customer"}))

    @property
    def lines(self) -> list[str]:
        """`who > whom: what`."""
        return [f"{one.source} > {one.target}: {one.text}" for one in self.story.moments]

    def webhook(self, **changed: object) -> None:
        """A webhook as the carrier writes it down."""
        facts: dict[str, object] = {
            "kind": "answer",
            "method": "POST",
            "url": ANSWER,
            "fields": (),
            "status": 200,
            "reply": "",
            "ms": 1.5,
        }
        self.ledger.write(What.WEBHOOK, CALL, **facts | changed)


@pytest.fixture
def told() -> Told:
    """Nothing has happened yet."""
    return Told()


def test_the_calls_own_leg_is_the_customer_and_others_are_humans(told: Told) -> None:
    told.ledger.write(What.DIALLED, CALL, leg=CALL, to="14155550123")
    told.ledger.write(What.DIALLED, CALL, leg="leg-2", to="+14155550142")
    told.ledger.write(What.ANSWERED, CALL, leg="leg-2", by="+14155550142")
    assert told.lines == [
        "carrier > customer: dials the customer",
        "carrier > human: dials +14155550142",
        "human > carrier: +14155550142 answers",
    ]


def test_a_call_that_came_in_is_answered_by_the_carrier(told: Told) -> None:
    told.ledger.write(What.CALLED_IN, CALL, leg=CALL, to="+1", **{"from": "+14155550123"})
    told.ledger.write(What.ANSWERED, CALL, leg=CALL, by="+14155550123")
    assert told.lines[-1] == "carrier > customer: the call is answered"


def test_a_document_is_a_line_of_its_own_with_its_elements(told: Told) -> None:
    told.webhook(reply=DOCUMENT)
    assert told.lines == [
        "carrier > linecard: asks what to do with the call",
        "linecard > carrier: document: stream, redirect",
    ]
    assert told.story.moments[0].at <= told.story.moments[1].at


def test_a_webhook_that_was_not_taken_says_so(told: Told) -> None:
    told.webhook(status=403)
    told.webhook(status=None, url="http://127.0.0.1/elsewhere")
    assert told.lines == [
        "carrier > linecard: asks what to do with the call → 403",
        "carrier > linecard: sends a webhook → no reply",
    ]


def test_a_hang_up_points_away_from_whoever_did_it(told: Told) -> None:
    told.ledger.write(What.DIALLED, CALL, leg=CALL, to="14155550123")
    told.ledger.write(What.HUNG_UP, CALL, leg=CALL, name="Normal", source="Callee")
    told.ledger.write(What.HUNG_UP, CALL, leg=CALL, name="Normal", source="API Request")
    assert told.lines[1:] == [
        "customer > carrier: the customer: normal",
        "carrier > customer: the line ends: normal",
    ]


async def test_what_a_request_did_is_told_behind_the_request(told: Told) -> None:
    told.ledger.write(What.RECORDING_STARTED, CALL, recording="1")
    told.ledger.write(What.REQUEST, method="POST", path="/v1/0123456789abcdef0/Rec/", status=202)
    await asyncio.sleep(0)
    assert told.lines == [
        "linecard > carrier: POST /v1/…/Rec/ → 202",
        "carrier > carrier: records",
    ]


def test_digits_are_marked_on_the_sound(told: Told) -> None:
    told.ledger.write(What.DIGIT_PRESSED, CALL, leg=CALL, digit="4")
    assert [(mark.kind, mark.label) for mark in told.story.marks] == [(Mark.DIGIT, "4")]
    assert told.story.moments[0].source is Who.CUSTOMER


def test_what_has_no_line_is_kept_all_the_same() -> None:
    clock = Clock()
    narrator = Narrator(Story(clock), {})
    ledger = Ledger(clock)
    ledger.watch(narrator)
    ledger.write(What.MONEY, CALL, leg=CALL, usd="0.01", minutes="1")
    assert narrator.story.moments == []
    assert [entry.what for _, entry in narrator.seen] == [What.MONEY]
