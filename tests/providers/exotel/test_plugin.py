"""The plugin as the core sees it: its hooks, its declarations, its settings and options."""

from __future__ import annotations

import inspect
import subprocess
import sys
from typing import Any

import msgspec
import pluggy
import pytest
from tests.providers.exotel.values import (
    PASSWORD,
    USER,
    call,
    guarded,
    number,
    settings,
)

from linecard import (
    CarrierRequest,
    ConfigurationError,
    HangUpResult,
    InvalidField,
    Kind,
    Reason,
    RecordAt,
    RequestRefused,
    Secret,
    Stream,
)
from linecard.hookspecs import ProviderHooks
from linecard.media.formats import inbound_profile, outbound_profile
from linecard_exotel import Exotel
from linecard_exotel.facts import CONNECT, LEGS, PROFILES, VOICEBOT
from linecard_exotel.options import ExotelOptions
from linecard_exotel.stream import ExotelStream

NOT_EXOTELS = {
    "send_digits",
    "start_recording",
    "stop_recording",
    "pause_recording",
    "delete_recording",
    "connect_number",
    "disconnect_number",
    "rates",
    "control_connection",
}
ADDRESSES = {
    kind: f"https://voice.example.com/exotel/x?a=main&k={kind.value}&x=n1.proof&t=token"
    for kind in (Kind.ANSWER, Kind.NEXT, Kind.DIAL, Kind.RETURN, Kind.ENDED)
}


@pytest.fixture
def exotel() -> Exotel:
    return Exotel("main", settings())


def test_its_hooks_take_what_the_contract_says(exotel: Exotel) -> None:
    manager = pluggy.PluginManager("linecard")
    manager.add_hookspecs(ProviderHooks)
    manager.register(exotel, "exotel:main")
    manager.check_pending()
    mine = {caller.name for caller in manager.get_hookcallers(exotel) or ()}
    hooks = {name for name in vars(ProviderHooks) if not name.startswith("_")}
    assert mine == hooks - NOT_EXOTELS
    for name in mine:
        spec = list(inspect.signature(getattr(ProviderHooks, name)).parameters)[1:]
        assert list(inspect.signature(getattr(exotel, name)).parameters) == spec


@pytest.mark.parametrize("name", ["facts", "stream_profiles", "stream_format", "simulator"])
def test_capabilities_are_read_off_the_class(name: str) -> None:
    assert isinstance(vars(Exotel)[name], staticmethod)


def test_what_a_profile_lacks_are_hooks() -> None:
    assert all(hasattr(ProviderHooks, name) for one in PROFILES for name in one.lacks)


def test_facts() -> None:
    facts = Exotel.facts()
    assert facts.unsigned
    assert not facts.reports_ends
    assert (facts.record_outbound, facts.record_inbound) == (RecordAt.DIAL, RecordAt.THEIRS)
    assert (facts.max_call_seconds, facts.cost_seconds) == (3540, 150)
    assert facts.calls_per_second == pytest.approx(200 / 60)
    assert facts.machine_detection == frozenset()


def test_which_profile_carries_a_call() -> None:
    assert outbound_profile(PROFILES, None, {}) is CONNECT
    assert outbound_profile(PROFILES, None, {"flow_id": "92"}) is VOICEBOT
    with pytest.raises(InvalidField, match="flow_id"):
        outbound_profile(PROFILES, "voicebot", {})
    assert inbound_profile(PROFILES, None) is VOICEBOT
    assert inbound_profile(PROFILES, "connect") is VOICEBOT
    assert inbound_profile(PROFILES, "legs") is LEGS
    assert Exotel.stream_format(number(), "legs") is LEGS.format
    with pytest.raises(InvalidField, match="voicebot, connect, legs"):
        Exotel.stream_format(number(), "opus")


async def test_a_call_that_rings_cannot_be_stopped(exotel: Exotel) -> None:
    assert await exotel.cancel_call(call()) is HangUpResult.UNSUPPORTED
    assert await exotel.hang_up(call()) is HangUpResult.VIA_STREAM


def test_every_socket_has_a_protocol_of_its_own(exotel: Exotel) -> None:
    first, second = exotel.open_stream(VOICEBOT), exotel.open_stream(VOICEBOT)
    assert isinstance(first, ExotelStream)
    assert first is not second


def test_requests_are_verified_read_and_answered(exotel: Exotel) -> None:
    asked = CarrierRequest(method="GET", url="https://h/exotel/answer", headers={}, is_ours=False)
    with pytest.raises(RequestRefused):
        exotel.verify_request(asked)
    with pytest.raises(RequestRefused):
        exotel.parse_callback(asked)
    stream = Stream(url="wss://h/ws/exotel/T", status_url="https://h/s", profile=VOICEBOT)
    made = exotel.answer(call(), [stream], Reason.ANSWER)
    assert made.reply.body == b'{"url":"wss://h/ws/exotel/T"}'
    assert made.effects == ()


# Numbers


@pytest.mark.parametrize(
    ("text", "country", "read"),
    [
        ("08047113155", None, "+918047113155"),
        ("09494865411", None, "+919494865411"),
        ("9494865411", None, "+919494865411"),
        ("919494865411", None, "+919494865411"),
        ("+919494865411", None, "+919494865411"),
        ('"09494865411"', None, "+919494865411"),
        ("14155552671", None, "+14155552671"),
        ("+14155550100", None, "+14155550100"),
        ("4155552671", "US", "+14155552671"),
        ("", None, None),
        ("anonymous", None, None),
        ("sip:a@b.example", None, None),
        ("+266696687", None, None),
        ("٣٣٣", None, None),
        ("12", None, None),
    ],
)
def test_numbers_are_read(exotel: Exotel, text: str, country: str | None, read: str | None) -> None:
    assert exotel.normalise_number(text, "from", country) == read


def test_digits_that_are_no_number_are_refused_where_one_is_needed(exotel: Exotel) -> None:
    with pytest.raises(InvalidField, match="to"):
        exotel.normalise_number("12", "to", None)


@pytest.mark.parametrize(
    ("number", "field", "written"),
    [
        ("+918047113155", "CallerId", "08047113155"),
        ("+918047113155", "outgoing_phone_number", "08047113155"),
        ("+14155552671", "CallerId", "+14155552671"),
        ("+919494865411", "From", "+919494865411"),
        ("+919494865411", "numbers", "+919494865411"),
        ("sip:a@b.example", "numbers", "sip:a@b.example"),
    ],
)
def test_numbers_are_written_by_field(
    exotel: Exotel, number: str, field: str, written: str
) -> None:
    assert exotel.format_number(number, field) == written


# What a person does


def test_the_flow_to_build(exotel: Exotel) -> None:
    steps = exotel.setup_steps(number(), ADDRESSES)
    pasted = [step.paste for step in steps if step.paste]
    order = (Kind.ANSWER, Kind.NEXT, Kind.DIAL, Kind.RETURN, Kind.NEXT, Kind.DIAL)
    assert pasted == [ADDRESSES[kind] for kind in order]
    text = " ".join(step.do for step in steps)
    for word in ("Voicebot", "Passthru", "Connect", "Hangup", "flow_id", "+918047113155"):
        assert word in text
    assert "leave Record unticked" in text


def test_a_recorded_number_needs_the_tick(exotel: Exotel) -> None:
    text = " ".join(step.do for step in exotel.setup_steps(number(record=True), ADDRESSES))
    assert "tick Record: calls that come in are recorded" in text


def test_pasted_addresses_hold_the_webhook_user() -> None:
    steps = Exotel("main", guarded()).setup_steps(number(), ADDRESSES)
    pasted = [step.paste for step in steps if step.paste]
    assert all(one.startswith(f"https://{USER}:{PASSWORD}@voice.example.com/") for one in pasted)
    assert PASSWORD not in " ".join(step.do for step in steps)


# Settings and options


def test_the_region_picks_the_host() -> None:
    assert settings().origin == "https://api.exotel.com"
    assert settings(region="mumbai").origin == "https://api.in.exotel.com"
    assert settings(api_url="http://127.0.0.1:9000/").origin == "http://127.0.0.1:9000"
    assert settings(api_url="http://127.0.0.1:9000/").is_stand_in
    assert not settings().is_stand_in


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"api_key": "with:colon"}, "EXOTEL_API_KEY"),
        ({"api_key": ""}, "EXOTEL_API_KEY"),
        ({"api_token": Secret("")}, "EXOTEL_API_TOKEN"),
        ({"sid": "../x"}, "EXOTEL_SID"),
        ({"sid": ""}, "EXOTEL_SID"),
        ({"region": "paris"}, "EXOTEL_REGION"),
        ({"country": "India"}, "EXOTEL_COUNTRY"),
        ({"api_url": "http://api.exotel.com"}, "EXOTEL_API_URL"),
        ({"api_url": "https://u@api.exotel.com"}, "EXOTEL_API_URL"),
        ({"api_url": "https://api.exotel.com/v1"}, "EXOTEL_API_URL"),
        ({"api_url": "http://[::1"}, "EXOTEL_API_URL"),
        ({"webhook_user": "u"}, "EXOTEL_WEBHOOK_PASSWORD"),
        ({"webhook_password": Secret(PASSWORD)}, "EXOTEL_WEBHOOK_USER"),
        ({"webhook_user": "a:b", "webhook_password": Secret(PASSWORD)}, "EXOTEL_WEBHOOK_USER"),
        ({"webhook_user": "u", "webhook_password": Secret("short")}, "EXOTEL_WEBHOOK_PASSWORD"),
        ({"recording_hosts": ("https://h",)}, "EXOTEL_RECORDING_HOSTS"),
        ({"timezone": "Mars/Olympus"}, "EXOTEL_TIMEZONE"),
        ({"timezone": "../x"}, "EXOTEL_TIMEZONE"),
        ({"usd_per_inr": "85"}, "EXOTEL_USD_PER_INR"),
        ({"usd_per_inr": "NaN"}, "EXOTEL_USD_PER_INR"),
        ({"usd_per_inr": "x"}, "EXOTEL_USD_PER_INR"),
    ],
)
def test_a_wrong_setting_is_named_and_no_secret_is_told(wrong: dict[str, Any], name: str) -> None:
    with pytest.raises(ConfigurationError, match=name) as found:
        settings(**wrong)
    assert PASSWORD not in str(found.value)


def test_options() -> None:
    assert msgspec.convert({"flow_id": "92"}, ExotelOptions) == ExotelOptions(flow_id="92")
    for wrong in ({"flow_id": "x"}, {"flow_id": 92}, {"flow_id": "9" * 21}, {"flow_id": ""}):
        with pytest.raises(msgspec.ValidationError, match="flow_id"):
            msgspec.convert(wrong, ExotelOptions)


def test_importing_the_provider_is_light() -> None:
    heavy = "httpx2", "xml.sax", "sqlalchemy", "fastapi", "starlette", "pytest"
    script = f"import linecard_exotel, sys; print([m for m in {heavy} if m in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_the_simulated_carrier_is_a_class() -> None:
    assert inspect.isclass(Exotel.simulator())
