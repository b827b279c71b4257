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
from linecard_plivo import Plivo
from linecard_plivo.options import PlivoOptions
from linecard_plivo.settings import PlivoSettings
from linecard_plivo.stream import PlivoStream

AUTH_ID = "MA" + "X" * 18
TOKEN = "test_auth_token_0123456789abcdef01234567"
NOT_PLIVOS = {"pause_recording", "control_connection"}


def settings(**given: Any) -> PlivoSettings:
    defaults: dict[str, Any] = {"auth_id": AUTH_ID, "auth_token": Secret(TOKEN)}
    return PlivoSettings(**(defaults | given))


@pytest.fixture
def plivo() -> Plivo:
    return Plivo("main", settings())


def number() -> Number:
    return Number(id="n", number="+14155550199", provider="plivo", account="main", agent="echo")


def call(options: dict[str, object]) -> Call:
    return Call(
        id="c1",
        provider="plivo",
        account="main",
        direction=Direction.INBOUND,
        from_=None,
        to="+14155550199",
        number="+14155550199",
        agent="echo",
        profile="l16-8000",
        status=CallStatus.RINGING,
        created_at=datetime.now(UTC),
        options=options,
    )


def hooks() -> set[str]:
    return {name for name in vars(ProviderHooks) if not name.startswith("_")}


def test_every_hook_but_two_is_there_and_takes_what_the_contract_says(plivo: Plivo) -> None:
    manager = pluggy.PluginManager("linecard")
    manager.add_hookspecs(ProviderHooks)
    manager.register(plivo, "plivo:main")
    manager.check_pending()
    mine = {caller.name for caller in manager.get_hookcallers(plivo) or ()}
    assert mine == hooks() - NOT_PLIVOS
    for name in mine:
        spec = list(inspect.signature(getattr(ProviderHooks, name)).parameters)[1:]
        assert list(inspect.signature(getattr(plivo, name)).parameters) == spec


@pytest.mark.parametrize("name", ["facts", "stream_profiles", "stream_format", "simulator"])
def test_capabilities_are_read_off_the_class(name: str) -> None:
    assert isinstance(vars(Plivo)[name], staticmethod)


def test_facts() -> None:
    facts = Plivo.facts()
    assert (facts.calls_per_second, facts.above_limit) == (2, "queued")
    assert (facts.record_outbound, facts.record_inbound) == (RecordAt.LIVE, RecordAt.DOCUMENT)
    assert (facts.max_ring_seconds, facts.max_call_seconds) == (120, 14400)
    assert facts.machine_detection == {"detect"}


@pytest.mark.parametrize(
    ("name", "encoding", "rate", "frame"),
    [
        ("l16-8000", Encoding.L16, 8000, 320),
        ("l16-16000", Encoding.L16, 16000, 640),
        ("pcmu-8000", Encoding.PCMU, 8000, 160),
    ],
)
def test_stream_formats(name: str, encoding: Encoding, rate: int, frame: int) -> None:
    declared: StreamFormat = Plivo.stream_format(number(), name)
    for way in (declared.inbound, declared.outbound):
        assert (way.encoding, way.rate, way.byte_order) == (encoding, rate, "little")
        assert way.frame_bytes == frame


def test_the_default_profile_comes_first() -> None:
    assert Plivo.stream_profiles()[0].name == "l16-8000"
    with pytest.raises(InvalidField, match="l16-8000, l16-16000, pcmu-8000"):
        Plivo.stream_format(number(), "opus-48000")


def test_every_socket_has_a_protocol_of_its_own(plivo: Plivo) -> None:
    profile = plivo.stream_profiles()[0]
    first, second = plivo.open_stream(profile), plivo.open_stream(profile)
    assert isinstance(first, PlivoStream)
    assert first is not second


def test_an_answer_takes_the_options_of_the_call(plivo: Plivo) -> None:
    verbs = [Record(callback_url="https://h/x", max_seconds=60), Hangup()]
    made = plivo.answer(call({"recording_format": "mp3"}), verbs, Reason.ANSWER)
    assert made.reply.content_type == "application/xml"
    assert b'fileFormat="mp3"' in made.reply.body
    assert b'fileFormat="wav"' in plivo.answer(None, verbs, Reason.ANSWER).reply.body
    assert made.effects == ()


def test_requests_are_verified_and_read(plivo: Plivo) -> None:
    asked = CarrierRequest(
        method="POST", url="https://h/plivo/callback/status", headers={}, kind=Kind.ENDED
    )
    with pytest.raises(RequestRefused) as unsigned:
        plivo.verify_request(asked)
    assert unsigned.value.status == 403
    with pytest.raises(RequestRefused) as empty:
        plivo.parse_callback(asked)
    assert empty.value.status == 400


@pytest.mark.parametrize(
    ("text", "field", "country", "read"),
    [
        ("14155550100", "from", None, "+14155550100"),
        ("+14155550100", "to", None, "+14155550100"),
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
    plivo: Plivo, text: str, field: str, country: str | None, read: str | None
) -> None:
    assert plivo.normalise_number(text, field, country) == read


def test_digits_that_are_no_number_are_refused_where_one_is_needed(plivo: Plivo) -> None:
    with pytest.raises(InvalidField, match="to"):
        plivo.normalise_number("12", "to", None)


def test_numbers_are_written_without_a_plus(plivo: Plivo) -> None:
    assert plivo.format_number("+14155550100", "to") == "14155550100"
    assert plivo.format_number("sip:a@b.example", "to") == "sip:a@b.example"


@pytest.mark.parametrize(
    "auth_id", ["", "MA", "XX" + "X" * 18, "MA" + "X" * 19, "ma" + "x" * 18, "MA" + "X" * 18 + "\n"]
)
def test_a_wrong_auth_id_is_named(auth_id: str) -> None:
    with pytest.raises(ConfigurationError, match="PLIVO_AUTH_ID"):
        settings(auth_id=auth_id)


@pytest.mark.parametrize("token", ["", " ", ",", "short", f"{TOKEN},x", f"{TOKEN},{TOKEN},{TOKEN}"])
def test_a_wrong_token_is_named_and_never_printed(token: str) -> None:
    with pytest.raises(ConfigurationError, match="PLIVO_AUTH_TOKEN") as wrong:
        settings(auth_token=Secret(token))
    assert TOKEN not in str(wrong.value)
    with pytest.raises(ConfigurationError, match="PLIVO_MAIN_AUTH_TOKEN"):
        settings(main_auth_token=Secret(token))


@pytest.mark.parametrize(
    "url",
    [
        "http://api.plivo.com",
        "http://127.0.0.1.example.com",
        "http://10.0.0.1:9000",
        "ftp://127.0.0.1",
        "https://",
        "https://api.plivo.com/v1",
        "https://user@api.plivo.com",
        "https://api.plivo.com?x",
        "https://h:port",
        "http://[::1",
        "",
    ],
)
def test_a_wrong_api_url_is_named(url: str) -> None:
    with pytest.raises(ConfigurationError, match="PLIVO_API_URL"):
        settings(api_url=url)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9000",
        "http://localhost:9000/",
        "http://[::1]:9000",
        "https://plivo.example",
    ],
)
def test_an_api_url_is_https_or_loopback(url: str) -> None:
    assert settings(api_url=url).api_host in url


def test_a_sub_account_and_two_tokens() -> None:
    both = settings(auth_id="SA" + "1" * 18, auth_token=Secret(f"{TOKEN}, {TOKEN[::-1]}"))
    assert both.rest_token == TOKEN
    assert TOKEN not in repr(both)


def test_options() -> None:
    given = {"noise_cancellation": True, "noise_cancellation_level": 60}
    options = msgspec.convert(given, PlivoOptions)
    assert options == PlivoOptions(noise_cancellation=True, noise_cancellation_level=60)
    assert options.recording_format == "wav"


@pytest.mark.parametrize(
    "wrong",
    [
        {"noise_cancellation_level": 59},
        {"noise_cancellation_level": 101},
        {"noise_cancellation": "yes"},
        {"recording_format": "flac"},
    ],
)
def test_wrong_options_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError, match=next(iter(wrong))):
        msgspec.convert(wrong, PlivoOptions)


def test_importing_the_provider_is_light() -> None:
    heavy = "plivo", "requests", "urllib3", "lxml", "sqlalchemy", "fastapi", "pytest"
    script = f"import linecard_plivo, sys; print([m for m in {heavy} if m in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_the_simulated_carrier_is_a_class() -> None:
    assert inspect.isclass(Plivo.simulator())
