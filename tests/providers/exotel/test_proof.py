"""What proves a request of a carrier that signs nothing."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest
from tests.providers.exotel.values import PASSWORD, USER, guarded, settings

from linecard import CarrierRequest, Kind, Proof, RequestRefused, Secret
from linecard_exotel.proof import prove
from linecard_exotel.settings import ExotelSettings

URL = "https://voice.example.com/exotel/answer?a=main&k=answer&x=n.p&t=t"
SOCKET = "wss://voice.example.com/ws/exotel/TOKEN"
PASTED = [Kind.ANSWER, Kind.NEXT, Kind.DIAL, Kind.RETURN]


def basic(user: str = USER, password: str = PASSWORD) -> dict[str, str]:
    return {"authorization": f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"}


def request(**more: Any) -> CarrierRequest:
    given: dict[str, Any] = {
        "method": "GET",
        "url": URL,
        "headers": {},
        "kind": Kind.ANSWER,
        "is_ours": True,
    }
    return CarrierRequest(**(given | more))


@pytest.mark.parametrize("kind", list(Kind))
def test_our_token_is_the_proof(kind: Kind) -> None:
    assert prove(settings(), "main", request(kind=kind)) == Proof("token", "main", 1)
    with pytest.raises(RequestRefused) as refused:
        prove(settings(), "main", request(kind=kind, is_ours=False))
    assert refused.value.status == 403


@pytest.mark.parametrize("kind", PASTED)
def test_what_a_person_pasted_needs_the_password_as_well(kind: Kind) -> None:
    strong = prove(guarded(), "main", request(kind=kind, headers=basic()))
    assert strong == Proof("token", "main", 2)
    with pytest.raises(RequestRefused):
        prove(guarded(), "main", request(kind=kind))
    with pytest.raises(RequestRefused):
        prove(guarded(), "main", request(kind=kind, headers=basic(), is_ours=False))


@pytest.mark.parametrize(
    "headers",
    [
        basic(password="another-password"),
        basic(user="another"),
        {"authorization": ""},
        {"authorization": "Basic"},
        {"authorization": f"Bearer {PASSWORD}"},
        {"authorization": "Basic \udcff"},
        {"x-authorization": basic()["authorization"]},
    ],
)
def test_a_wrong_password_is_no_proof(headers: dict[str, str]) -> None:
    with pytest.raises(RequestRefused):
        prove(guarded(), "main", request(headers=headers))


def test_addresses_of_a_call_are_tokens_of_their_own() -> None:
    for kind in (Kind.ENDED, Kind.LEG, Kind.ANSWER):
        assert prove(guarded(), "main", request(kind=kind, call="c1")).strength == 1


def test_the_socket() -> None:
    asked = request(url=SOCKET, kind=None, is_ours=False)
    assert prove(settings(), "main", asked).strength == 1
    with pytest.raises(RequestRefused):
        prove(guarded(), "main", asked)
    opened = request(url=SOCKET, kind=None, is_ours=False, headers=basic())
    assert prove(guarded(), "main", opened).strength == 2


def test_both_passwords_count_while_they_are_rotated() -> None:
    both: ExotelSettings = settings(
        webhook_user=USER, webhook_password=Secret(f"{PASSWORD},the-old-password")
    )
    for password in (PASSWORD, "the-old-password"):
        assert prove(both, "main", request(headers=basic(password=password))).strength == 2
    assert both.with_user("https://h/x") == f"https://{USER}:{PASSWORD}@h/x"
