"""Requests both ways, read from a ledger."""

from __future__ import annotations

import pytest

from linecard.clock import Clock
from linecard.demo.story import Who
from linecard.demo.wire import exchanges, kind_of, short_path
from linecard.simulator.ledger import Ledger, What
from linecard.webhook import Kind

OURS = "http://127.0.0.1:8080/any"


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        (f"{OURS}/callback/status?a=main&c=1&k=ringing&t=x", Kind.RINGING),
        (f"{OURS}/callback/status?k=nonsense", Kind.ENDED),
        (f"{OURS}/answer", Kind.ANSWER),
        ("http://127.0.0.1:8080/elsewhere", None),
    ],
)
def test_an_address_says_what_it_is_for(url: str, kind: Kind | None) -> None:
    assert kind_of(url) is kind


def test_ids_in_a_path_become_dots() -> None:
    assert short_path("/v1/Account/MA0123456789abcdef/Call/") == "/v1/Account/…/Call/"


def test_requests_stand_in_the_order_in_which_they_began() -> None:
    ledger = Ledger(Clock())
    webhook = ledger.write(
        What.WEBHOOK,
        "call",
        kind="answer",
        method="POST",
        url=f"{OURS}/answer?k=answer",
        fields=(("From", "1"), ("From", "2")),
        status=200,
        reply="<Response/>",
        ms=500.0,
    )
    request = ledger.write(
        What.REQUEST,
        method="POST",
        path="/v1/Call/",
        query="a=1",
        body={"to": "1"},
        status=201,
        reply=None,
    )
    note = ledger.write(What.NOTE, text="nothing")
    found = exchanges([(1.0, note), (1.2, request), (1.4, webhook)], speed=1.0)
    assert [(one.at, one.source) for one in found] == [
        (pytest.approx(0.9), Who.CARRIER),
        (1.2, Who.LINECARD),
    ]
    assert found[0].fields == (("From", "1"), ("From", "2"))
    assert (found[1].url, found[1].sent, found[1].got) == ("/v1/Call/?a=1", '{"to": "1"}', "")
