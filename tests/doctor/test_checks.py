"""Single checks, where no process is needed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from linecard.doctor import CHECKS, Finding, Outcome, machine, running
from linecard.doctor.asking import Echoed, Fetched, known_frame
from linecard.doctor.patient import Patient
from linecard.doctor.running import report
from linecard.media.formats import AudioFormat, ChunkRule, Encoding, StreamProfile, same_both_ways
from linecard.numbers import Number
from linecard.plugins import Plugins
from linecard.plugins.discovery import Skipped
from linecard.settings import load_settings
from linecard.store.state import DatabaseState
from linecard.tokens import Tokens
from linecard_plivo import Plivo

NOWHERE = Fetched(url="http://127.0.0.1:1/healthz", begun=0, ended=0, trouble="nobody")
ENVIRONMENT = {
    "LINECARD_PUBLIC_URL": "https://calls.example.com",
    "LINECARD_API_KEY": "k" * 20,
    "LINECARD_SECRET": "s" * 40,
}
UNREACHED = {"/api/numbers": NOWHERE, "/metrics": NOWHERE}


def patient(environment: Mapping[str, str] = ENVIRONMENT, **changes: object) -> Patient:
    """A place where nothing answers."""
    settings = load_settings({**ENVIRONMENT, **environment}, {}, None)
    made = Patient(
        settings=settings,
        plugins=Plugins.discover(),
        tokens=Tokens(settings.secret),
        database=DatabaseState(shown="x"),
        numbers=(),
        healthz=NOWHERE,
        opened=UNREACHED,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


async def one(check: str, ill: Patient) -> Finding:
    (found,) = await CHECKS[check](ill)
    return found


@pytest.mark.parametrize(
    ("check", "environment", "outcome", "says"),
    [
        ("fallback", {}, Outcome.WARNING, "is not set"),
        (
            "fallback",
            {"LINECARD_FALLBACK_URL": "https://calls.example.com/apology.xml"},
            Outcome.WARNING,
            "on the same host",
        ),
        (
            "fallback",
            {"LINECARD_FALLBACK_URL": "https://static.example.com/apology.xml"},
            Outcome.OK,
            "elsewhere",
        ),
        ("transfers", {}, Outcome.WARNING, "is empty"),
        ("transfers", {"LINECARD_TRANSFER_ALLOW": "+1415*"}, Outcome.OK, "1 targets"),
        ("secrets", {}, Outcome.OK, "no rotation"),
        ("secrets", {"LINECARD_SECRET": "a" * 40 + "," + "b" * 40}, Outcome.WARNING, "2 values"),
        ("secrets", {"LINECARD_API_KEY": "a" * 20 + "," + "b" * 20}, Outcome.WARNING, "2 values"),
        ("public address", {}, Outcome.FAILED, "no Linecard server answers"),
        ("webhooks", {}, Outcome.UNKNOWN, "no account"),
        ("credentials", {}, Outcome.UNKNOWN, "no account"),
        ("numbers", {}, Outcome.OK, "no number is registered"),
        ("clock", {}, Outcome.UNKNOWN, "nobody"),
    ],
)
async def test_settings_that_may_hurt_are_told(
    check: str, environment: dict[str, str], outcome: Outcome, says: str
) -> None:
    found = await one(check, patient(environment))
    assert (found.outcome, says in found.says) == (outcome, True), found


@pytest.mark.parametrize("check", ["webhooks", "media sockets", "codec echo"])
async def test_a_carrier_that_nobody_can_stand_in_for_is_told(check: str) -> None:
    variables = {"PLIVO_AUTH_ID": "MAXXXXXXXXXXXXXXXXXX", "PLIVO_AUTH_TOKEN": "t" * 40}
    settings = load_settings({**ENVIRONMENT, **variables}, {"plivo": Plivo}, None)
    plugins = Plugins.discover()
    plugins.open_accounts(settings.accounts)
    found = await one(check, patient(settings=settings, plugins=plugins))
    assert (found.outcome, found.about) == (Outcome.UNKNOWN, "plivo:main")
    assert "cannot make its carrier's requests" in found.says


@pytest.mark.parametrize("path", ["/api/numbers", "/metrics"])
async def test_what_the_world_can_reach_is_told(path: str) -> None:
    open_door = replace(NOWHERE, status=200, text="linecard_live_calls 0", trouble="")
    found = await CHECKS["exposure"](patient(opened={**UNREACHED, path: open_door}))
    assert Outcome.OK not in {each.outcome for each in found}
    assert any("reached" in each.says or "anybody can read" in each.says for each in found)


@pytest.mark.parametrize(
    ("seconds", "outcome", "word"),
    [(0, "ok", "within"), (4, "ok", "within"), (6, "warning", "behind"), (-60, "warning", "ahead")],
)
async def test_a_clock_that_is_off_is_told(seconds: float, outcome: str, word: str) -> None:
    told = Fetched(url="x", begun=100, ended=102, status=404, date=101 + seconds)
    found = await one("clock", patient(dates={"the API of plivo:main": told}))
    assert (found.outcome.value, word in found.says) == (outcome, True), found


@pytest.mark.parametrize(
    ("provider", "routing", "outcome"),
    [
        ("exotel", {"menu": {"prompt": {"say": "Press one"}}}, Outcome.FAILED),
        ("exotel", {"menu": {"prompt": {"sound": "hello.wav"}}}, Outcome.OK),
        ("plivo", {"rules": [{"message": {"say": "Closed"}}]}, Outcome.OK),
    ],
)
async def test_texts_that_nobody_can_speak_are_told(
    provider: str, routing: dict[str, object], outcome: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    number = Number(
        id="1",
        number="+918045678901",
        provider=provider,
        account="main",
        agent="echo",
        routing=routing,
    )
    assert (await one("speech", patient(numbers=(number,)))).outcome is outcome


@pytest.mark.parametrize(
    ("enhance", "outcome", "says"),
    [
        (None, Outcome.OK, "no number asks for any"),
        ("nobody", Outcome.FAILED, "its calls keep their noise: 'nobody' is no enhancer"),
    ],
)
async def test_an_enhancer_that_is_not_installed_is_told(
    enhance: str | None, outcome: Outcome, says: str
) -> None:
    number = Number(
        id="1",
        number="+918045678901",
        provider="plivo",
        account="main",
        agent="echo",
        enhance=enhance,
    )
    found = await one("noise", patient(numbers=(number,)))
    assert found.outcome is outcome
    assert says in found.says


def test_versions_that_are_too_old_are_told() -> None:
    assert machine.judged_versions((3, 11), (3, 35))[0].outcome is Outcome.OK
    assert machine.judged_versions((3, 10), (3, 45))[0].outcome is Outcome.FAILED
    assert machine.judged_versions((3, 13), (3, 34))[0].outcome is Outcome.FAILED


def test_plugins_that_could_not_be_loaded_are_told_with_the_reason() -> None:
    broken = Skipped("carrier-x", "linecard-carrier-x", "it cannot be imported: no module named y")
    (found,) = running._skipped(Plugins(skipped=[broken]))
    assert (found.outcome, found.about) == (Outcome.FAILED, "carrier-x")
    assert "no module named y" in found.says
    assert "linecard-carrier-x" in found.do


async def test_a_check_that_fails_keeps_no_other_from_speaking() -> None:
    ill = patient(numbers=(None,))  # nothing that a check could read
    found = [each async for each in report(ill)]
    assert {each.check for each in found} >= {"numbers", "clock", "secrets"}
    broken = [each for each in found if "the check itself failed" in each.says]
    assert {each.outcome for each in broken} == {Outcome.UNKNOWN}
    assert broken


def test_frames_are_of_a_legal_size_and_unlike_each_other() -> None:
    for encoding, chunk in (
        (Encoding.PCMU, ChunkRule(multiple=1, smallest=1, largest=10_000)),
        (Encoding.L16, ChunkRule(multiple=320, smallest=3200, largest=100_000)),
        (Encoding.L16, ChunkRule(multiple=300, smallest=100, largest=100_000)),
    ):
        audio = AudioFormat(encoding, 8000)
        profile = StreamProfile(name="x", format=same_both_ways(audio), chunk=chunk)
        frames = [known_frame(profile, number) for number in range(25)]
        assert len(set(frames)) == 25
        assert all(len(frame) % chunk.multiple == 0 for frame in frames)
        assert all(len(frame) >= max(chunk.smallest, audio.frame_bytes) for frame in frames)


@pytest.mark.parametrize(
    ("trips", "outcome"), [([20.0] * 25, Outcome.OK), ([400.0] * 25, Outcome.WARNING)]
)
async def test_a_long_way_is_told(trips: list[float], outcome: Outcome) -> None:
    from linecard.doctor.streams import _timed
    from linecard.simulator.wire import Request

    profile = Plivo.stream_profiles()[0]
    echoed = Echoed(sent=Request("GET", "ws://x"), profile=profile, returned=25, trips=trips)
    assert _timed(echoed).outcome is outcome
