"""What every benchmark needs: the programs in C, the peers' environment, servers that come and go."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import sys
import tempfile
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from statistics import median
from typing import Any

HOST = "127.0.0.1"
ROOT = Path(__file__).parents[1]
HERE = Path(__file__).parent
PEERS = ROOT / ".venv-peers"
PEER_PYTHON = str(PEERS / "bin" / "python")
BUILT = Path(tempfile.gettempdir()) / f"linecard-bench-{os.getuid()}"
START_SECONDS = 60
INSTALL_SECONDS = 400


class Missing(Exception):
    """Something that a benchmark needs is not here; the words say what."""


async def build(name: str) -> str:
    """The path of a program in C, built now. Raises Missing."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise Missing("a C compiler is needed for the load generator")
    BUILT.mkdir(exist_ok=True)
    target, source = str(BUILT / name), str(HERE / "c" / f"{name}.c")
    await run([compiler, "-O2", "-w", "-o", target, source, "-lm"])
    return target


async def install_peers() -> None:
    """The peers' environment, made anew when their lock has changed. Raises Missing where PyPI fails."""
    ready, lock = PEERS / ".ready", HERE / "requirements-peers.lock"
    if ready.exists() and ready.stat().st_mtime >= lock.stat().st_mtime:
        return
    options = ("--quiet", "--disable-pip-version-check", "--require-hashes", "-r", str(lock))
    await run([sys.executable, "-m", "venv", "--clear", str(PEERS)])
    await run([PEER_PYTHON, "-m", "pip", "install", *options], seconds=INSTALL_SECONDS)
    ready.touch()


async def run(command: Sequence[str], seconds: float = 300, given: bytes = b"") -> bytes:
    """What a command prints. Raises Missing where it cannot be run, fails, or takes too long."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command, cwd=ROOT, stdin=PIPE, stdout=PIPE, stderr=PIPE
        )
    except OSError as error:
        raise Missing(f"{command[0]}: {error}") from error
    try:
        async with asyncio.timeout(seconds):
            said, complaint = await process.communicate(given)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise Missing(f"{_short(command)} took more than {seconds:g} s") from None
    if process.returncode:
        why = complaint.decode(errors="replace").strip()[-300:]
        raise Missing(f"{_short(command)} ended with {process.returncode}: {why}")
    return said


def _short(command: Sequence[str]) -> str:
    return " ".join(Path(word).name for word in command[:5])


def cores() -> tuple[int, int]:
    """The core of the server and that of the load generator. Raises Missing."""
    free = sorted(os.sched_getaffinity(0))
    if len(free) < 2:
        raise Missing("two cores are needed: one for the server, one for the load generator")
    return free[-1], free[0]


def pinned(core: int, command: Sequence[str]) -> list[str]:
    """The command on one core."""
    return ["taskset", "-c", str(core), *command]


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.create_server((HOST, 0)) as listener:
        return int(listener.getsockname()[1])


@asynccontextmanager
async def served(command: Sequence[str], port: int) -> AsyncIterator[int]:
    """A server on its core, until the block ends; yields its process id. Raises Missing."""
    process = await asyncio.create_subprocess_exec(
        *pinned(cores()[0], command), cwd=ROOT, stdout=DEVNULL, stderr=DEVNULL
    )
    try:
        await _wait_for(process, command, port)
        yield process.pid
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _wait_for(process: Process, command: Sequence[str], port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.returncode is None:
        try:
            _, writer = await asyncio.open_connection(HOST, port)
        except OSError:
            await asyncio.sleep(0.1)
        else:
            writer.close()
            return
    raise Missing(f"{_short(command)} did not start")


async def output_of(command: Sequence[str]) -> Any:
    """The JSON on the last line of what a command prints on the load generator's core. Raises Missing."""
    lines = (await run(pinned(cores()[1], command))).decode().strip().splitlines()
    if not lines:
        raise Missing(f"{_short(command)} said nothing")
    return json.loads(lines[-1])


def spread(values: Sequence[float], digits: int = 1) -> str:
    """The median, and the least and the greatest where there are several."""
    middle = f"{median(values):.{digits}f}"
    if len(values) == 1:
        return middle
    return f"{middle} ({min(values):.{digits}f} to {max(values):.{digits}f})"
