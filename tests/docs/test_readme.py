"""The README opens as it should, and its walk-through works as it is printed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from linecard.listening import free_port
from tests.docs.pages import ROOT, blocks

README = ROOT / "README.md"
EXPORT = re.compile(r"^export (\w+)=(\S+)$", re.MULTILINE)
PATIENCE_SECONDS = 60.0


def test_it_opens_with_what_it_is_and_two_commands() -> None:
    text = README.read_text(encoding="utf-8")
    opening, _, rest = text.partition("```console\n")
    assert opening.startswith("# Linecard\n\nLinecard ")
    assert opening.replace("\n", " ").count(". ") == 2
    assert [line.split()[:2] for line in rest.splitlines()[:2]] == [
        ["make", "demo"],
        ["make", "test"],
    ]
    assert rest.index("docs/demo.png") < rest.index("## ")


def test_twenty_lines_answer_a_call() -> None:
    example = (ROOT / "examples" / "receptionist.py").read_text(encoding="utf-8")
    assert len(example.splitlines()) <= 20
    assert example in blocks(README, "python")


@pytest.mark.slow
def test_the_walk_through_works_as_printed(tmp_path: Path) -> None:
    ports = {"9000": str(free_port()), "8080": str(free_port())}
    carrier, server, commands = _walk_through(ports)
    environment = _environment()
    app = f"http://127.0.0.1:{ports['8080']}"
    with _running(
        carrier, environment | {"LINECARD_PUBLIC_URL": app}, tmp_path / "carrier"
    ) as seen:
        environment |= dict(EXPORT.findall(_until(seen, lambda text: "PLIVO_API_URL" in text)))
        environment["LINECARD_DATABASE_URL"] = f"sqlite:///{tmp_path}/linecard.db"
        with _running(server, environment, tmp_path / "server") as started:
            _until(started, lambda text: '"serving"' in text)
            subprocess.run(["bash", "-ec", commands], env=environment, cwd=ROOT, check=True)
            _until(seen, lambda text: "opens the media socket" in text)
            _until(seen, lambda text: "the line ends: normal hangup" in text)


def _walk_through(ports: Mapping[str, str]) -> list[str]:
    """The three shells of the README, on ports of our own."""
    section = (
        README.read_text(encoding="utf-8").partition("## Answer a call")[2].partition("\n## ")[0]
    )
    found = re.findall(r"```console\n(.*?)```", section, re.DOTALL)
    assert len(found) == 3
    carrier, server, commands = (text.replace("9000", ports["9000"]) for text in found)
    server = server.replace("linecard serve", f"exec linecard serve --port {ports['8080']}")
    calling = commands.replace("simulate plivo call", f"simulate plivo call --port {ports['9000']}")
    return [f"exec {carrier}", server, calling]


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name[:9] != "LINECARD_"}
    path = f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}"
    return kept | {"PATH": path, "COLUMNS": "200", "PYTHONUNBUFFERED": "1"}


@contextmanager
def _running(commands: str, environment: Mapping[str, str], log: Path) -> Iterator[Path]:
    """A shell that goes on; yields the file that it writes to."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            ["bash", "-ec", commands], env=environment, cwd=ROOT, stdout=out, stderr=out
        )
        try:
            yield log
        finally:
            process.terminate()
            process.wait(PATIENCE_SECONDS)


def _until(log: Path, fits: Callable[[str], bool]) -> str:
    ends = time.monotonic() + PATIENCE_SECONDS
    while not fits(text := log.read_text(encoding="utf-8", errors="replace")):
        assert time.monotonic() < ends, text
        time.sleep(0.1)
    return text
