"""The plugin as the core sees it: its hooks, its declarations, its settings and options."""

from __future__ import annotations

import inspect
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import msgspec
import pluggy
import pytest

from linecard import (
    Call,
    CallStatus,
    CarrierRequest,
    ConfigurationError,
    Direction,
    Encoding,
    Hangup,
    InvalidField,
    Kind,
    Number,
    Reason,
    Record,
    RecordAt,
    RequestRefused,
    Secret,
    StreamFormat,
)
from linecard.hookspecs import ProviderHooks
from linecard_twilio import Twilio
from linecard_twilio.options import TwilioOptions
from linecard_twilio.settings import TwilioSettings
from linecard_twilio.stream import TwilioStream

ACCOUNT_SID = "AC" + "0" * 32
TOKEN = "test_auth_token_0123456789abcdef01234567"
NOT_TWILIOS = {"send_digits", "control_connection"}


def settings(**given: Any) -> TwilioSettings:
    defaults: dict[str, Any] = {"account_sid": ACCOUNT_SID, "auth_token": Secret(TOKEN)}
    return TwilioSettings(**(defaults | given))


@pytest.fixture
def twilio() -> Twilio:
    return Twilio("main", settings())


def number() -> Number:
    return Number(id="n", number="+14155550199", provider="twilio", account="main", agent="echo")


def call(options: dict[str, object]) -> Call:
    return Call(
        id="c1",
        provider="twilio",
        account="main",
        direction=Direction.INBOUND,
        from_=None,
        to="+14155550199",
        number="+14155550199",
        agent="echo",
        profile="pcmu-8000",
        status=CallStatus.RINGING,
        created_at=datetime.now(UTC),
        options=options,
    )


def hooks() -> set[str]:
    return {name for name in vars(ProviderHooks) if not name.startswith("_")}


def test_every_hook_but_two_is_there_and_takes_what_the_contract_says(twilio: Twilio) -> None:
    manager = pluggy.PluginManager("linecard")
    manager.add_hookspecs(ProviderHooks)
    manager.register(twilio, "twilio:main")
    manager.check_pending()
    mine = {caller.name for caller in manager.get_hookcallers(twilio) or ()}
    assert mine == hooks() - NOT_TWILIOS
    for name in mine:
        spec = list(inspect.signature(getattr(ProviderHooks, name)).parameters)[1:]
        assert list(inspect.signature(getattr(twilio, name)).parameters) == spec


@pytest.mark.parametrize("name", ["facts", "stream_profiles", "stream_format", "simulator"])
def test_capabilities_are_read_off_the_class(name: str) -> None:
    assert isinstance(vars(Twilio)[name], staticmethod)


def test_facts() -> None:
    facts = Twilio.facts()
    assert (facts.calls_per_second, facts.above_limit) == (1, "queued")
    assert (facts.record_outbound, facts.record_inbound) == (RecordAt.DIAL, RecordAt.DOCUMENT)
    assert (facts.max_ring_seconds, facts.max_call_seconds) == (600, 14400)
    assert facts.machine_detection == {"detect", "wait-for-beep"}
    assert (facts.cost_seconds, facts.consults, facts.unsigned) == (300, True, False)


def test_the_one_stream_format() -> None:
    declared: StreamFormat = Twilio.stream_format(number(), "pcmu-8000")
    for way in (declared.inbound, declared.outbound):
        assert (way.encoding, way.rate, way.frame_bytes) == (Encoding.PCMU, 8000, 160)
    with pytest.raises(InvalidField, match="pcmu-8000"):
        Twilio.stream_format(number(), "l16-8000")


def test_every_socket_has_a_protocol_of_its_own(twilio: Twilio) -> None:
    profile = twilio.stream_profiles()[0]
    first, second = twilio.open_stream(profile), twilio.open_stream(profile)
    assert isinstance(first, TwilioStream)
    assert first is not second


def test_an_answer_takes_the_options_of_the_call(twilio: Twilio) -> None:
    verbs = [Record(callback_url="https://h/x", max_seconds=60), Hangup()]
    made = twilio.answer(call({"recording_channels": "mono"}), verbs, Reason.ANSWER)
    assert made.reply.content_type == "application/xml"
    assert b'channels="mono"' in made.reply.body
    assert b'channels="dual"' in twilio.answer(None, verbs, Reason.ANSWER).reply.body
    assert made.effects == ()


def test_requests_are_verified_and_read(twilio: Twilio) -> None:
    asked = CarrierRequest(
        method="POST", url="https://h/twilio/callback/status", headers={}, kind=Kind.ENDED
    )
    with pytest.raises(RequestRefused) as unsigned:
        twilio.verify_request(asked)
    assert unsigned.value.status == 403
    with pytest.raises(RequestRefused) as empty:
        twilio.parse_callback(asked)
    assert empty.value.status == 400


@pytest.mark.parametrize(
    ("text", "field", "country", "read"),
    [
        ("+14155550100", "from", None, "+14155550100"),
        ("14155550100", "to", None, "+14155550100"),
        ("918000000001", "to", None, "+918000000001"),
        ("08012345678", "to", "IN", "+918012345678"),
        ("anonymous", "from", None, None),
        ("+266696687", "from", None, None),
        ("", "from", None, None),
        ("sip:a@b.example", "from", None, None),
        ("٣٣٣", "from", None, None),
        ("12", "from", None, None),
    ],
)
def test_numbers_are_read(
    twilio: Twilio, text: str, field: str, country: str | None, read: str | None
) -> None:
    assert twilio.normalise_number(text, field, country) == read


def test_digits_that_are_no_number_are_refused_where_one_is_needed(twilio: Twilio) -> None:
    with pytest.raises(InvalidField, match="to"):
        twilio.normalise_number("12", "to", None)


def test_numbers_are_written_as_they_are(twilio: Twilio) -> None:
    assert twilio.format_number("+14155550100", "to") == "+14155550100"
    assert twilio.format_number("sip:a@b.example", "to") == "sip:a@b.example"


@pytest.mark.parametrize(
    "sid", ["", "AC", "SK" + "0" * 32, "AC" + "0" * 33, "AC" + "0" * 32 + "\n"]
)
def test_a_wrong_account_sid_is_named(sid: str) -> None:
    with pytest.raises(ConfigurationError, match="TWILIO_ACCOUNT_SID"):
        settings(account_sid=sid)


@pytest.mark.parametrize("token", ["", " ", ",", "short", f"{TOKEN},x", f"{TOKEN},{TOKEN},{TOKEN}"])
def test_a_wrong_token_is_named_and_never_printed(token: str) -> None:
    with pytest.raises(ConfigurationError, match="TWILIO_AUTH_TOKEN") as wrong:
        settings(auth_token=Secret(token))
    assert TOKEN not in str(wrong.value)


API_KEY = "SK" + "5" * 32


@pytest.mark.parametrize(
    "given",
    [
        {"api_key": API_KEY},
        {"api_key_secret": Secret(TOKEN)},
        {"api_key": ACCOUNT_SID, "api_key_secret": Secret(TOKEN)},
        {"api_key": API_KEY, "api_key_secret": Secret("")},
        {"api_key": API_KEY, "api_key_secret": Secret(f"{TOKEN},{TOKEN}")},
    ],
)
def test_half_an_api_key_is_named(given: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="TWILIO_API_KEY") as wrong:
        settings(**given)
    assert TOKEN not in str(wrong.value)


def test_requests_carry_the_first_token_or_the_api_key() -> None:
    assert settings(auth_token=Secret(f"{TOKEN}, {TOKEN[::-1]}")).credentials == (
        ACCOUNT_SID,
        TOKEN,
    )
    key = settings(api_key=API_KEY, api_key_secret=Secret("k" * 20))
    assert key.credentials == (API_KEY, "k" * 20)


@pytest.mark.parametrize(
    "keys", ["", "name", "name=", "=secret", "name=short", f"a={TOKEN},a={TOKEN}", f"a b={TOKEN}"]
)
def test_wrong_shared_keys_are_named(keys: str) -> None:
    with pytest.raises(ConfigurationError, match="TWILIO_SHARED_KEYS") as wrong:
        settings(shared_keys=Secret(keys))
    assert TOKEN not in str(wrong.value)


def test_shared_keys_may_hold_equals_signs() -> None:
    both = settings(shared_keys=Secret(f"a={TOKEN}==, b={TOKEN}"))
    assert both.keys == {"a": f"{TOKEN}==", "b": TOKEN}
    assert settings().keys == {}
    assert TOKEN not in repr(both)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("region", "IE1"),
        ("region", "ie1.evil.example/"),
        ("edge", "du blin"),
        ("recording_hosts", ("https://bucket.example",)),
        ("recording_hosts", ("",)),
    ],
)
def test_a_wrong_place_is_named(name: str, value: object) -> None:
    with pytest.raises(ConfigurationError, match=f"TWILIO_{name.upper()}"):
        settings(**{name: value})


@pytest.mark.parametrize(
    "url",
    [
        "http://api.twilio.com",
        "http://127.0.0.1.example.com",
        "http://10.0.0.1:9000",
        "ftp://127.0.0.1",
        "https://",
        "https://api.twilio.com/2010-04-01",
        "https://user@api.twilio.com",
        "https://api.twilio.com?x",
        "https://h:port",
        "http://[::1",
        "",
    ],
)
def test_a_wrong_api_url_is_named(url: str) -> None:
    with pytest.raises(ConfigurationError, match="TWILIO_API_URL"):
        settings(api_url=url)


@pytest.mark.parametrize(
    ("url", "replaces"),
    [
        ("http://127.0.0.1:9000", True),
        ("http://localhost:9000/", True),
        ("http://[::1]:9000", True),
        ("https://twilio.example", True),
        ("https://api.twilio.com/", False),
    ],
)
def test_an_api_url_is_https_or_loopback(url: str, replaces: bool) -> None:
    made = settings(api_url=url)
    assert made.api_host in url
    assert made.replaces_twilio is replaces


def test_options() -> None:
    options = msgspec.convert({"stream_parameters": {"a": "b"}}, TwilioOptions)
    assert options == TwilioOptions(stream_parameters={"a": "b"}, recording_channels="dual")


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"stream_parameters": {"call": "x"}}, "call"),
        ({"stream_parameters": {"a": "x" * 499}}, "499"),
        ({"stream_parameters": {"": "x"}}, "stream_parameters|key"),
        ({"stream_parameters": {"a": 1}}, "stream_parameters"),
        ({"recording_channels": "stereo"}, "recording_channels"),
    ],
)
def test_wrong_options_are_refused(wrong: dict[str, object], named: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=named):
        msgspec.convert(wrong, TwilioOptions)


def test_importing_the_provider_is_light() -> None:
    heavy = "twilio", "requests", "aiohttp", "httpx2", "lxml", "sqlalchemy", "fastapi", "pytest"
    script = f"import linecard_twilio, sys; print([m for m in {heavy} if m in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_the_simulated_carrier_is_a_class() -> None:
    assert inspect.isclass(Twilio.simulator())
