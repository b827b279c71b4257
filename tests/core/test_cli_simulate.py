"""A simulated carrier and a server, started by hand in two shells with what the first one prints."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from typer.testing import CliRunner

from linecard.cli import app
from linecard.listening import free_port

SECONDS = 40.0
HOTEL = "+14155550100"


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-u", "-c", "from linecard.cli import main; main()", *arguments]


def _clean() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("LINECARD_")}


@contextmanager
def _running(
    arguments: list[str], folder: Path, environment: Mapping[str, str], log: Path
) -> Iterator[None]:
    with log.open("w") as out:
        process = subprocess.Popen(
            _command(*arguments), cwd=folder, env=dict(environment), stdout=out, stderr=out
        )
        try:
            yield
        finally:
            process.kill()
            process.wait(SECONDS)


def _until(log: Path, text: str) -> str:
    """The output once it has a text."""
    give_up = time.monotonic() + SECONDS
    while text not in (seen := log.read_text()):
        assert time.monotonic() < give_up, f"no {text!r} in:\n{seen}"
        time.sleep(0.05)
    return seen


def _ask(
    folder: Path, environment: Mapping[str, str], *arguments: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        _command(*arguments),
        cwd=folder,
        env=dict(environment),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def _run(folder: Path, environment: Mapping[str, str], *arguments: str) -> str:
    ran = _ask(folder, environment, *arguments)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def _exports(text: str) -> dict[str, str]:
    lines = (shlex.split(line) for line in text.splitlines() if line.startswith("export "))
    return dict(line[1].split("=", 1) for line in lines)


@pytest.fixture
def free() -> int:
    """A port that nobody listens on."""
    return free_port()


def test_what_it_prints_is_all_that_a_server_needs(tmp_path: Path, free: int) -> None:
    url, carrier, server = f"http://127.0.0.1:{free}", tmp_path / "carrier", tmp_path / "server"
    simulate = ["simulate", "plivo", "--port", "0", "--app", url]
    with _running(simulate, tmp_path, _clean(), carrier):
        pasted = _exports(_until(carrier, "events follow"))
        environment = _clean() | pasted
        with _running(["serve", "--port", str(free)], tmp_path, environment, server):
            _until(server, "serving")
            added = _run(
                tmp_path,
                environment,
                *f"numbers add {HOTEL} --provider plivo --agent greeter".split(),
            )
            assert HOTEL in added
            _run(tmp_path, environment, "call", "+14155550123", "--from", HOTEL)
            _until(carrier, "opens the media socket")
            port = pasted["PLIVO_API_URL"].rsplit(":", 1)[1]
            _run(tmp_path, _clean(), "simulate", "plivo", "call", HOTEL, "--port", port)
            _until(carrier, f"calls {HOTEL}")
            _until(carrier, "the call is answered")
            assert httpx2.get(f"{url}/healthz", trust_env=False).status_code == 200
    assert "\x1b" not in carrier.read_text()
    assert "Traceback" not in carrier.read_text() + server.read_text()


def test_it_refuses_a_server_beyond_this_machine() -> None:
    far = "https://calls.example.com"
    told = CliRunner().invoke(app, ["simulate", "plivo", "--port", "0", "--app", far])
    assert told.exit_code != 0
    assert "loopback" in str(told.exception)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nobody"], "nobody"),
        (["plivo", "hang-up"], "simulate plivo call NUMBER"),
        (["plivo", "call"], "simulate plivo call NUMBER"),
        (["plivo", "call", HOTEL, "--port", "1"], "no simulated carrier answers"),
    ],
)
def test_a_wrong_wish_is_answered_in_words(arguments: list[str], said: str) -> None:
    told = CliRunner().invoke(app, ["simulate", *arguments])
    assert told.exit_code != 0
    assert said in f"{told.output} {told.exception}"
