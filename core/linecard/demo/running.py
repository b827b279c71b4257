"""The whole demo: the stage, both calls, the files, and whether everything happened."""

from __future__ import annotations

import gc
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from linecard.demo import cast, inbound, outbound
from linecard.demo.logbook import Logbook, collected_logs
from linecard.demo.page import render
from linecard.demo.report import Report
from linecard.demo.script import rehearse
from linecard.demo.stage import Stage, stage
from linecard.demo.terminal import Terminal
from linecard.demo.wav import stereo_wav
from linecard.errors import ConfigurationError
from linecard.simulator.faults import KNOBS

FAST = 8.0
TRACE_LINES = 3


async def run(
    provider: str | None,
    out: Path,
    speed: float,
    faults: Mapping[str, float],
    terminal: Terminal,
    enhance: str | None = None,
    pods: int = 0,
) -> bool:
    """Play both calls and write their files into `out`; whether everything happened.

    `faults` are knobs of the simulated carrier, with their chances; `enhance` names an enhancer, `pods` processes
    carry the calls.
    """
    _check(faults)
    with TemporaryDirectory(prefix="linecard-demo-") as folder, collected_logs() as book:
        async with stage(provider, speed, Path(folder), enhance=enhance, pods=pods) as built:
            _announce(terminal, built)
            rehearse()
            _spare_the_collector()
            _spoil(built, faults)
            reports = await _play_both(built, terminal, book)
    for report in reports:
        save(report, out, terminal)
    terminal.summary(reports)
    for text in dict.fromkeys((*book.warnings, *book.errors)):
        terminal.say(f"logged: {shortened(text)}", "dim")
    return not any(report.failed for report in reports)


def shortened(text: str) -> str:
    """A logged line, with the last lines of a traceback and no more."""
    first, *rest = text.splitlines()
    return "\n    ".join([first, *(line.strip() for line in rest[-TRACE_LINES:])])


def _spare_the_collector() -> None:
    """Keep what lives as long as the process out of full collections: one halts the loop for 0.1 s."""
    gc.collect()
    gc.freeze()


def _announce(terminal: Terminal, built: Stage) -> None:
    speed = f", {built.clock.speed:g} times as fast as life" if built.clock.speed != 1 else ""
    terminal.say(f"Linecard with a simulated {built.provider}{speed}", "bold")
    terminal.say(f"  our server         {built.client.base_url}", "dim")
    terminal.say(f"  simulated carrier  {built.carrier.url}", "dim")


def _check(faults: Mapping[str, float]) -> None:
    unknown = sorted(set(faults) - KNOBS)
    if unknown:
        known = ", ".join(sorted(KNOBS))
        raise ConfigurationError(f"--fault {unknown[0]}: there is no such fault; there are {known}")


def _spoil(built: Stage, faults: Mapping[str, float]) -> None:
    for name, chance in faults.items():
        setattr(built.carrier.faults, name, chance)


async def _play_both(built: Stage, terminal: Terminal, book: Logbook) -> list[Report]:
    await _register(built, cast.HOTEL, "concierge", record=False)
    await _register(built, cast.HOTLINE, "reception", record=True)
    return [
        await outbound.play(built, terminal, book),
        await inbound.play(built, terminal, book),
    ]


async def _register(built: Stage, number: str, agent: str, *, record: bool) -> None:
    body = {
        "number": number,
        "provider": built.provider,
        "agent": agent,
        "record": record,
        "enhance": built.enhance,
        "options": built.carrier.number_options(),
    }
    registered = await built.ask("POST", "/numbers", body)
    pasted = [step["paste"] for step in registered["setup"] if step["paste"]]
    built.carrier.set_up(number, pasted, record=record)


def save(report: Report, out: Path, terminal: Terminal) -> None:
    """The call's sound and its page."""
    if report.sound is not None:
        sound = report.sound
        _put(
            out / f"{report.file}.wav", stereo_wav(sound.caller, sound.agent, sound.rate), terminal
        )
    _put(out / f"{report.file}.html", render(report).encode(), terminal)


def _put(path: Path, content: bytes, terminal: Terminal) -> None:
    path.write_bytes(content)
    terminal.say(f"  wrote {path}  ({len(content) / 1000:,.0f} kB)", "dim")
