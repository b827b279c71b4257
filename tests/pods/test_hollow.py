"""Settings and environments without secrets."""

from __future__ import annotations

import json

import pytest

from linecard.carrier import HERE
from linecard.errors import RequestRefused
from linecard.pods.environment import without_secrets
from linecard.settings import Secret
from linecard.settings.hollow import hollow, openly
from linecard.tokens import StreamClaims, Tokens, open_pod_stream
from linecard_exotel.settings import ExotelSettings
from linecard_plivo.settings import PlivoSettings
from linecard_twilio.settings import TwilioSettings

GIVEN = (
    PlivoSettings(auth_id="MA" + "X" * 18, auth_token=Secret("a-secret-token-of-a-carrier")),
    TwilioSettings(account_sid="AC" + "0" * 32, auth_token=Secret("0a" * 16)),
    ExotelSettings(api_key="key", api_token=Secret("a-secret-token-of-a-carrier"), sid="acme1"),
)


@pytest.mark.parametrize("values", GIVEN)
def test_no_secret_leaves_and_the_rest_is_the_same(values: object) -> None:
    shown = json.loads(json.dumps(openly(values)))
    assert not any(secret in json.dumps(shown) for secret in ("0a0a", "a-secret-token"))
    again = hollow(type(values), shown)
    assert openly(again) == openly(values)


def test_a_pods_environment_is_without_the_servers() -> None:
    given = {
        "PATH": "/bin",
        "MODEL_KEY": "m",
        "PLIVO_AUTH_TOKEN": "p",
        "LINECARD_SECRET": "s",
        "LINECARD_ANYTHING": "x",
        "PGPASSWORD": "d",
    }
    assert without_secrets(given, ["plivo"]) == {"PATH": "/bin", "MODEL_KEY": "m"}


def claims(pod: str) -> StreamClaims:
    return StreamClaims("t", "c", "plivo", "main", "n", "echo", "l16", pod, 2_000_000_000)


def test_a_pods_key_opens_what_is_for_pods_and_nothing_else() -> None:
    tokens = Tokens(Secret("s" * 40))
    keys = tokens.keys_of_pod("pod-1").values()
    token = tokens.stream(claims("pod-1"))
    assert token.startswith("pod-1~")
    assert (
        open_pod_stream(keys, "pod-1", token, 0).pod == tokens.open_stream(token, 0).pod == "pod-1"
    )
    with pytest.raises(RequestRefused):
        open_pod_stream(keys, "pod-1", tokens.stream(claims(HERE)), 0)
    with pytest.raises(RequestRefused):
        tokens.open_stream(token.replace("pod-1~", "pod-2~"), 0)
    with pytest.raises(RequestRefused):
        tokens.open_stream(token.replace("pod-1~", ""), 0)


def test_pods_of_both_secrets_are_believed_while_they_are_changed() -> None:
    both, old = Tokens(Secret("n" * 40 + "," + "s" * 40)), Tokens(Secret("s" * 40))
    assert both.is_pod_key(old.pod_keys.reveal(), "p")
    assert both.is_pod_key(old.keys_of_pod("p").reveal(), "p")
    assert not both.is_pod_key(old.keys_of_pod("p").reveal(), "q")
    assert not old.is_pod_key(both.pod_keys.values()[0], "p")
    assert open_pod_stream(both.pod_keys.values(), "p", old.stream(claims("p")), 0).pod == "p"
