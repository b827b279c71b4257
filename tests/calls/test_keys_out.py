"""Keys toward the far end: as tones measured at the phone, on the stream, by API and in a document."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from linecard.media.g711 import decode_pcmu
from linecard.media.tones import PAIRS
from linecard.simulator.ledger import What
from linecard.simulator.phone import Phone
from linecard.simulator.script import Wait
from tests.calls.answered import Dialled, dialled, facts
from tests.calls.problems import refused
from tests.calls.telephone import names

RATE = 8000
QUIET = Phone(ring_seconds=0.3, script=(Wait(120),))
KEYS = "159D#*0A"
FULL_SCALE_DBM0 = 3.17
Samples = npt.NDArray[np.float64]


def level(sound: Samples, hertz: float) -> float:
    """The level of one frequency in dBm0 (Goertzel's sum, of the whole sound)."""
    moments = np.arange(len(sound)) / RATE
    peak = 2 * abs(np.mean(sound * np.exp(-2j * np.pi * hertz * moments)))
    return float(20 * np.log10(peak / 32767 + 1e-12) + FULL_SCALE_DBM0)


def pressed(heard: bytes) -> list[Samples]:
    """Each stretch of sound, between silences of 30 ms or more."""
    line = np.frombuffer(heard, "<i2").astype(float)
    loud = np.flatnonzero(np.abs(line) > 300)
    if not len(loud):
        return []
    cuts = np.flatnonzero(np.diff(loud) > 0.03 * RATE) + 1
    return [line[part[0] : part[-1] + 1] for part in np.split(loud, cuts)]


def starts(heard: bytes) -> list[int]:
    line = np.frombuffer(heard, "<i2").astype(float)
    loud = np.flatnonzero(np.abs(line) > 300)
    return [
        int(part[0]) for part in np.split(loud, np.flatnonzero(np.diff(loud) > 0.03 * RATE) + 1)
    ]


def played(one: Dialled, call: dict[str, Any], stream: str) -> bytes:
    """What the carrier has played to the phone at 8 kHz, without the gaps that a busy machine leaves."""
    ids = call["carrier_ids"]
    playbacks = one.world.carrier.playbacks(ids.get("call_uuid") or ids["call_sid"])
    line = b"".join(bytes(playback.played) for playback in playbacks)
    if stream in ("pcmu-8000", "twilio"):
        return decode_pcmu(line)
    if stream == "l16-16000":
        means = np.frombuffer(line, "<i2").reshape(-1, 2).mean(axis=1)
        return bytes(means.astype("<i2").tobytes())
    return line


def key_of(sound: Samples) -> str:
    """The key whose two frequencies are the two loudest of all eight."""
    every = {hertz for pair in PAIRS.values() for hertz in pair}
    loudest = set(sorted(every, key=lambda hertz: level(sound, hertz))[-2:])
    return next((key for key, pair in PAIRS.items() if set(pair) == loudest), "?")


async def done(one: Dialled, **metadata: object) -> dict[str, Any]:
    call = await one.over(await one.dial(QUIET, metadata=metadata))
    assert call["outcome"] == "pressed", call
    return call


@pytest.mark.parametrize(
    ("provider", "stream"),
    [
        ("plivo", "l16-8000"),
        ("plivo", "l16-16000"),
        ("plivo", "pcmu-8000"),
        ("twilio", None),
        ("exotel", None),
    ],
)
async def test_tones_have_their_pitches_levels_and_lengths(
    tmp_path: Path, provider: str, stream: str | None
) -> None:
    async with dialled(tmp_path, provider, "presser", stream) as one:
        call = await done(one, keys=KEYS, how="tones")
        heard = played(one, call, stream or provider)
        assert any(one.handset().heard)
    sounds = pressed(heard)
    assert "".join(key_of(sound) for sound in sounds) == KEYS
    for key, sound in zip(KEYS, sounds, strict=True):
        assert abs(len(sound) / RATE - 0.1) < 0.005, "each is pressed for 100 ms"
        for hertz in PAIRS[key]:
            assert abs(level(sound, hertz) + 9) < 1, f"{hertz} Hz of {key}"
    pace = [(then - now) / RATE for now, then in itertools.pairwise(starts(heard))]
    assert all(abs(gap - 0.2) < 0.005 for gap in pace), "and released for 100 ms"
    assert facts(call, "digits-sent") == [{"how": "tones", "count": len(KEYS)}]
    assert one.handset().digits_heard == []


async def test_the_carriers_own_ways_are_used_where_there_are_any(tmp_path: Path) -> None:
    async with dialled(tmp_path, "plivo", "presser") as one:
        for how, wanted in ((None, "stream"), ("api", "api")):
            call = await done(one, keys="12a#", how=how)
            assert "".join(key for _, key in one.handset().digits_heard) == "12A#"
            assert facts(call, "digits-sent") == [{"how": wanted, "count": 4}]
            assert pressed(bytes(one.handset().heard)) == []


async def test_a_document_presses_keys_and_brings_another_stream(tmp_path: Path) -> None:
    async with dialled(tmp_path, "twilio", "presser") as one:
        call = await done(one, keys="42#", how="document")
        assert "".join(key for _, key in one.handset().digits_heard) == "42#"
        assert facts(call, "digits-sent") == [{"how": "document", "count": 3}]
        assert names(call).count("stream-started") == 2
        assert "stream-asked-again" not in names(call), (
            "it is not one of the streams that were lost"
        )
        assert names(call).count("agent-started") == 1


async def test_a_way_that_a_carrier_has_not_got_is_refused_and_changes_nothing(
    tmp_path: Path,
) -> None:
    async with dialled(tmp_path, "exotel", "talker") as one:
        placed = await one.dial(QUIET)
        await one.world.until(placed["id"], lambda call: "stream-started" in names(call))
        url = f"/api/calls/{placed['id']}/dtmf"
        refused(await one.world.api.post(url, json={"digits": "1", "how": "document"}), 501)
        refused(await one.world.api.post(url, json={"digits": "1", "how": "api"}), 501)
        refused(await one.world.api.post(url, json={"digits": "1", "how": "stream"}), 422, "how")
        refused(await one.world.api.post(url, json={"digits": "1", "how": "loudly"}), 422, "how")
        for digits in ("", "1w", "12x", "1" * 65, "+1"):
            answer = await one.world.api.post(url, json={"digits": digits})
            refused(answer, 422, "digits")
        assert (await one.world.api.post(url, json={"digits": "7"})).status_code == 202
        await one.world.eventually(lambda: bool(pressed(bytes(one.handset().heard)[-16_000:])))
        call = await one.world.call(placed["id"])
        assert names(call).count("stream-started") == 1
        assert facts(call, "digits-sent") == [{"how": "tones", "count": 1}]


@pytest.mark.parametrize(
    ("provider", "digits", "status"),
    [
        ("plivo", "1w2W3#", 201),
        ("plivo", "1" * 65, 422),
        ("plivo", "12x", 422),
        ("twilio", "1w2W3#", 201),
        ("twilio", "1" * 33, 422),
        ("exotel", "1", 501),
    ],
)
async def test_keys_at_the_answer_go_out_with_the_dial(
    tmp_path: Path, provider: str, digits: str, status: int
) -> None:
    async with dialled(tmp_path, provider, "talker") as one:
        one.world.carrier.phones[one.line.customer] = QUIET
        body = {"from": one.line.ours, "to": one.line.customer, "send_digits": digits}
        answer = await one.world.api.post("/api/calls", json=body)
        if status == 201:
            sent = digits.replace("w", "").replace("W", "")
            await one.world.eventually(
                lambda: "".join(key for _, key in one.handset().digits_heard) == sent
            )
        else:
            refused(answer, status, *(["send_digits"] if status == 422 else []))
            await asyncio.sleep(0.1)
            assert one.world.carrier.ledger.all(What.DIGITS_SENT) == ()
