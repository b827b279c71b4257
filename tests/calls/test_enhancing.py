"""Noise enhancement on whole calls: chosen by number and call, opened beside the stream, failing open."""

from __future__ import annotations

import threading
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import linecard
from linecard.errors import ConfigurationError, PluginError
from linecard.exchange.lifecycle import build_exchange
from linecard.plugins import Plugins
from linecard.plugins.discovery import OtherPlugin
from linecard.settings import load_settings
from linecard.simulator.phone import Phone
from linecard.simulator.script import Speak, Wait
from linecard.simulator.speech import speech
from linecard.testing.laid_out import lay_out
from tests.calls.telephone import CUSTOMER, KEY, OURS, Telephone, names, telephone

TALKER = Phone(script=(Wait(0.5), Speak(speech("a line to be cleaned")), Wait(1.0)), hangs_up=True)
PATIENT = Phone(script=(*TALKER.script, Wait(8.0)), hangs_up=True)
AGENT = f"inverted={__name__}:hearing"


@linecard.agent(rate=16000)
async def hearing(call: linecard.LiveCall) -> None:
    """Says what it heard: whether everything was inverted, and whether it was given the original too."""
    seen: set[str] = set()
    async for event in call:
        if isinstance(event, linecard.AudioReceived):
            seen.add(_how(event))
            call.outcome = ",".join(sorted(seen))


def _how(event: linecard.AudioReceived) -> str:
    if event.original is None:
        return "plain"
    if len(event.original) != len(event.pcm):
        return "of another length"
    return "enhanced"


class Inverter:
    """Turns the sound upside down."""

    delay_ms = 7.0

    def __init__(self, plugin: Enhancers, format: linecard.StreamFormat) -> None:
        self._plugin = plugin
        self._frame = format.inbound.rate * 20 // 1000 * 2

    def process(self, frame: bytes) -> bytes:
        self._plugin.frames += 1
        assert len(frame) == self._frame, "not the line's rate"
        if self._plugin.frames == self._plugin.breaks_at:
            raise RuntimeError("the licence has run out")
        return bytes(255 - byte for byte in frame)

    def close(self) -> None:
        self._plugin.closed += 1


@dataclass(eq=False)
class Enhancers:
    """Offers an inverter, and one that is not to be had here."""

    seconds: float = 0.0
    fails: str = ""
    breaks_at: int = 0
    opened: int = 0
    closed: int = 0
    frames: int = 0
    threads: set[str] = field(default_factory=set)

    @linecard.hookimpl
    def enhancers(self) -> Sequence[linecard.EnhancerOffer]:
        return [
            linecard.EnhancerOffer("inverter"),
            linecard.EnhancerOffer("lacking", "install the package frobnicator"),
        ]

    @linecard.hookimpl
    def enhance(
        self, call: linecard.Call, format: linecard.StreamFormat
    ) -> linecard.Enhancer | None:
        assert call.enhance == "inverter"
        self.opened += 1
        self.threads.add(threading.current_thread().name)
        time.sleep(self.seconds)
        if self.fails:
            raise linecard.LinecardError(self.fails)
        return Inverter(self, format)


def with_enhancers(plugin: Enhancers) -> Plugins:
    plugins = Plugins.discover()
    plugins.add(OtherPlugin("toys", plugin, "tests", "0"))
    return plugins


@asynccontextmanager
async def world(folder: Path, plugin: Enhancers, **number: Any) -> AsyncIterator[Telephone]:
    async with telephone(folder, agents=(AGENT,), plugins=with_enhancers(plugin)) as one:
        one.carrier.phones[CUSTOMER] = TALKER
        await one.register(agent="inverted", **number)
        yield one


def line(call: dict[str, Any], name: str) -> dict[str, Any]:
    found = [event["facts"] for event in call["events"] if event["name"] == name]
    assert len(found) == 1, call["events"]
    return dict(found[0])


async def test_a_number_has_its_noise_taken_out_and_the_record_says_so(tmp_path: Path) -> None:
    plugin = Enhancers()
    async with world(tmp_path, plugin, enhance="inverter") as one:
        call = await one.ended((await one.dial())["id"])
        assert call["enhance"] == "inverter"
        said = line(call, "enhanced")
        assert (said["by"], said["delay_ms"]) == ("inverter", 7.0)
        assert said["started_in_ms"] >= 0
        assert "enhanced" in (call["outcome"] or "")
        assert "of another length" not in call["outcome"]
        await one.eventually(lambda: plugin.closed == 1)
    assert plugin.threads
    assert all(name.startswith("enhancer") for name in plugin.threads)


async def test_it_is_off_unless_it_is_asked_for(tmp_path: Path) -> None:
    plugin = Enhancers()
    async with world(tmp_path, plugin) as one:
        call = await one.ended((await one.dial())["id"])
        assert (call["enhance"], call["outcome"], plugin.opened) == (None, "plain", 0)
        assert not {"enhanced", "enhancer-failed"} & set(names(call))


async def test_a_call_chooses_otherwise_than_its_number(tmp_path: Path) -> None:
    plugin = Enhancers()
    async with world(tmp_path, plugin, enhance="inverter") as one:
        off = await one.ended((await one.dial(enhance=None))["id"])
        assert (off["enhance"], off["outcome"]) == (None, "plain")
        answer = await one.api.patch(f"/api/numbers/{OURS}", json={"enhance": None})
        assert answer.json()["enhance"] is None
        on = await one.ended((await one.dial(enhance="inverter"))["id"])
        assert on["enhance"] == "inverter"
        assert "enhanced" in names(on)


async def test_a_call_that_comes_in_has_its_numbers(tmp_path: Path) -> None:
    plugin = Enhancers()
    async with world(tmp_path, plugin, enhance="inverter") as one:
        await one.carrier.call_in(CUSTOMER, OURS, TALKER)
        call = await one.ended((await one.only_call())["id"])
        assert call["enhance"] == "inverter"
        assert line(call, "enhanced")["by"] == "inverter"


async def test_what_there_is_not_is_refused_with_what_there_is(tmp_path: Path) -> None:
    async with world(tmp_path, Enhancers()) as one:
        for name, why in {
            "nobody": "'nobody' is no enhancer; there are: aic, inverter, lacking, rnnoise",
            "lacking": "lacking cannot be used here: install the package frobnicator",
        }.items():
            for answer in (
                await one.api.patch(f"/api/numbers/{OURS}", json={"enhance": name}),
                await one.api.post(
                    "/api/calls", json={"from": OURS, "to": CUSTOMER, "enhance": name}
                ),
            ):
                assert answer.status_code == 422
                assert "enhance" in answer.text
                assert why in answer.text, answer.text


async def test_opening_that_fails_is_said_once_and_the_call_goes_on(tmp_path: Path) -> None:
    plugin = Enhancers(fails="LicenseExpiredError: it is over")
    async with world(tmp_path, plugin, enhance="inverter") as one:
        call = await one.ended((await one.dial())["id"])
        assert line(call, "enhancer-failed") == {
            "by": "inverter",
            "reason": "LicenseExpiredError: it is over",
        }
        assert (call["outcome"], call["status"]) == ("plain", "completed")
        assert "enhanced" not in names(call)


async def test_one_that_breaks_is_left_out_from_there_on(tmp_path: Path) -> None:
    plugin = Enhancers(breaks_at=20)
    async with world(tmp_path, plugin, enhance="inverter") as one:
        call = await one.ended((await one.dial())["id"])
        assert line(call, "enhancer-failed")["reason"] == "the licence has run out"
        assert {"enhanced", "plain"} <= set(call["outcome"].split(","))
        assert (plugin.frames, plugin.closed) == (20, 1)


async def test_a_slow_model_holds_up_neither_the_stream_nor_the_server(tmp_path: Path) -> None:
    plugin = Enhancers(seconds=0.4)
    async with world(tmp_path, plugin, enhance="inverter") as one:
        one.carrier.phones[CUSTOMER] = PATIENT
        placed = await one.dial()
        await one.until(placed["id"], lambda call: call["outcome"] == "plain")
        call = await one.ended(placed["id"])
        assert line(call, "enhanced")["started_in_ms"] >= 400
        assert set(call["outcome"].split(",")) == {"enhanced", "plain"}


async def test_one_that_is_ready_after_the_end_is_closed(tmp_path: Path) -> None:
    plugin = Enhancers(seconds=1.5)
    async with world(tmp_path, plugin, enhance="inverter") as one:
        call = await one.ended((await one.dial())["id"])
        await one.eventually(lambda: plugin.closed == 1)
        assert plugin.frames == 0
        assert not {"enhanced", "enhancer-failed"} & set(names(call))


def test_two_plugins_with_one_name_for_it_do_not_start(tmp_path: Path) -> None:
    plugins = with_enhancers(Enhancers())
    plugins.add(OtherPlugin("games", Enhancers(), "tests", "0"))
    with pytest.raises(PluginError, match="games and toys both offer the enhancer 'inverter'"):
        build_exchange(load_settings(_environment(tmp_path), _classes(plugins), None), plugins, ())


async def test_a_file_that_asks_for_what_there_is_not_is_refused(tmp_path: Path) -> None:
    from linecard.http.server import serving
    from linecard.listening import free_port

    plugins = with_enhancers(Enhancers())
    file = tmp_path / "linecard.toml"
    file.write_text(FILE)
    settings = load_settings(_environment(tmp_path), _classes(plugins), str(file))
    exchange = build_exchange(settings, plugins, ())
    with pytest.raises(ConfigurationError, match=r'\+14155550100"\.enhance: .nobody. is no enhanc'):
        async with serving(exchange, "127.0.0.1", free_port()):
            pass


FILE = """
[accounts.main]
provider = "plivo"
auth_id = "MAXXXXXXXXXXXXXXXXXX"
auth_token = "secret-token-of-the-file"

[numbers."+14155550100"]
provider = "plivo"
agent = "echo"
enhance = "nobody"
"""


def _environment(folder: Path) -> dict[str, str]:
    return {
        "LINECARD_PUBLIC_URL": "http://127.0.0.1:1",
        "LINECARD_DATABASE_URL": lay_out(folder / "linecard.db"),
        "LINECARD_API_KEY": KEY,
        "LINECARD_SECRET": "s" * 40,
    }


def _classes(plugins: Plugins) -> dict[str, Any]:
    return {name: one.cls for name, one in plugins.providers.items()}
