"""The demo as a person runs it: another process, real sockets, its files read back."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from typer.testing import CliRunner

from linecard.cli import app
from linecard.demo import script
from linecard.demo.hearing import RATE, is_within, place_of
from linecard.demo.script import by_agent, by_customer

FILES = ["call-inbound.html", "call-inbound.wav", "call.html", "call.wav"]
SECONDS = 100
HUSH_SECONDS = 0.4
"""The agent lets the customer finish, and then waits half a second."""


def _demo(folder: Path, *more: str, provider: str = "plivo") -> subprocess.CompletedProcess[str]:
    more = ("--provider", provider, *more)
    command = [sys.executable, "-c", "from linecard.cli import main; main()", "demo", "--fast"]
    return subprocess.run(
        [*command, *more], cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=False
    )


def _side(path: Path, side: int) -> npt.NDArray[np.int16]:
    with wave.open(str(path), "rb") as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, RATE)
        frames = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    return np.ascontiguousarray(frames.reshape(-1, 2)[:, side])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the demo was run, with its output in `out.txt`.

    It plays eight times as fast as life: a machine that is held up for a moment gets a second run.
    """
    folder = tmp_path_factory.mktemp("demo")
    ran = _demo(folder)
    if ran.returncode != 0:
        ran = _demo(folder)
    (folder / "out.txt").write_text(ran.stdout + ran.stderr)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return folder


def test_it_passes_and_writes_four_files_into_the_current_folder(folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == [*FILES, "out.txt"]
    assert "all 47 checks passed" in (folder / "out.txt").read_text()


def test_its_output_in_a_pipe_is_plain(folder: Path) -> None:
    output = (folder / "out.txt").read_text()
    assert "\x1b" not in output
    assert "customer → agent     presses 4\n" in output
    assert '"event"' not in output
    assert "Traceback" not in output


def test_the_greeting_is_on_the_right_sample_for_sample_and_stops_short(folder: Path) -> None:
    agent = _side(folder / "call.wav", 1).tobytes()
    greeting = by_agent(script.GREETING)
    assert place_of(greeting[: 2 * RATE * 2], agent) is not None
    assert not is_within(greeting, agent)


def test_the_later_lines_of_the_agent_are_whole(folder: Path) -> None:
    agent = _side(folder / "call.wav", 1).tobytes()
    for line in (script.ASK_NUMBER, script.CONNECTING, script.STILL_BUSY):
        assert is_within(by_agent(line), agent), line
    assert is_within(script.BOOKING_BEEPS, agent)


def test_the_barge_in_is_silence_on_the_right(folder: Path) -> None:
    caller, agent = (_side(folder / "call.wav", side) for side in (0, 1))
    assert is_within(by_customer(script.INTERRUPTION), caller.tobytes())
    ends = int(np.flatnonzero(caller)[-1])
    begins = int(np.flatnonzero(caller)[0])
    middle = (begins + ends) // 2
    assert not agent[middle:ends].any()
    assert agent[:begins].any()
    assert agent[ends:].any()


def test_the_inbound_caller_hears_an_echo(folder: Path) -> None:
    caller, agent = (_side(folder / "call-inbound.wav", side) for side in (0, 1))
    words = by_customer(script.CALLER_SAYS)
    assert is_within(words, caller.tobytes())
    assert is_within(words, agent.tobytes())


@pytest.mark.slow
@pytest.mark.parametrize(("provider", "streams"), [("plivo", 2), ("twilio", 2), ("exotel", 3)])
def test_pods_and_noise_enhancement_are_steps_with_their_milliseconds(
    tmp_path: Path, provider: str, streams: int
) -> None:
    """Exotel's caller comes back from a busy desk on a stream of its own."""
    enhance = ["--enhance", "rnnoise"] if importlib.util.find_spec("pyrnnoise") else []
    for _ in range(2):
        ran = _demo(tmp_path, "--pods", "2", *enhance, provider=provider)
        if ran.returncode == 0:
            break
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert len(re.findall(r"pod pod-[0-9a-f]{8} allocated in \d+ ms\n", ran.stdout)) == 2
    told = re.findall(r"noise enhancement: rnnoise, adds 25 ms, ready in [\d.]+ ms\n", ran.stdout)
    assert len(told) == (streams if enhance else 0)


@pytest.mark.slow
def test_a_lost_callback_is_named_and_the_demo_fails(tmp_path: Path) -> None:
    ran = _demo(tmp_path, "--fault", "recording_lost=1", "--out", "deep/er")
    assert ran.returncode == 1
    failed = ran.stdout.split(" of 47 checks failed:")[1]
    for way in ("Outbound", "Inbound"):
        lost = f"{way} call: the carrier told that the recording is ready: not on our record"
        assert lost in failed
    assert "hang-up" not in failed
    assert "Traceback" not in ran.stderr
    page = (tmp_path / "deep" / "er" / "call.html").read_text()
    assert " of 28 checks failed" in page


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--provider", "nobody"], "nobody"),
        (["--fault", "gremlins=1"], "no such fault"),
        (["--enhance", "nobody"], "'nobody' is no enhancer; there are:"),
        (["--fault", "callback_drop=often"], "NAME=CHANCE"),
    ],
)
def test_a_wrong_wish_is_answered_in_words(tmp_path: Path, arguments: list[str], said: str) -> None:
    told = CliRunner().invoke(app, ["demo", "--fast", "--out", str(tmp_path), *arguments])
    assert told.exit_code != 0
    assert said in f"{told.output} {told.exception}"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("provider", ["exotel", "twilio"])
def test_every_simulated_carrier_plays_it(tmp_path: Path, provider: str) -> None:
    ran = _demo(tmp_path, provider=provider)
    if ran.returncode != 0:
        ran = _demo(tmp_path, provider=provider)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "checks passed" in ran.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == FILES


@pytest.mark.slow
@pytest.mark.skipif(
    importlib.util.find_spec("pyrnnoise") is None,
    reason="pyrnnoise is not installed: linecard[rnnoise]",
)
def test_noise_enhancement_is_a_step_with_its_milliseconds(tmp_path: Path) -> None:
    ran = _demo(tmp_path, "--enhance", "rnnoise")
    if ran.returncode != 0:
        ran = _demo(tmp_path, "--enhance", "rnnoise")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "all 49 checks passed" in ran.stdout
    steps = re.findall(
        r"linecard +noise enhancement: rnnoise, adds 25 ms, ready in [0-9.]+ ms", ran.stdout
    )
    assert len(steps) >= 2
