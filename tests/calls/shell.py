"""Running `linecard` as a person does: in a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.calls.telephone import KEY, Telephone

COMMAND = Path(sys.executable).parent / "linecard"
ROOT = Path(__file__).parents[2]
SECONDS = 60
LAST_WORDS = 100
"""Lines of a server's log that are shown where a test has failed."""


@dataclass(frozen=True, slots=True)
class Finished:
    """What a command has said, and how it ended."""

    code: int
    out: str
    err: str


async def linecard(*arguments: str, env: Mapping[str, str], cwd: Path, stdin: str = "") -> Finished:
    """Run a command to its end."""
    process = await _start((str(COMMAND), *arguments), env, cwd)
    async with asyncio.timeout(SECONDS):
        out, err = await process.communicate(stdin.encode())
    assert process.returncode is not None
    return Finished(process.returncode, out.decode(), err.decode())


@dataclass(slots=True)
class Served:
    """A running `linecard serve`; `log` are its lines so far."""

    process: Process
    log: list[dict[str, Any]] = field(default_factory=list)
    text: str = ""

    async def until(self, event: str) -> dict[str, Any]:
        """The next line of that event."""
        assert self.process.stderr is not None
        async with asyncio.timeout(SECONDS):
            while line := (await self.process.stderr.readline()).decode():
                self.text += line
                self.log.append(_line(line, self.text))
                if self.log[-1]["event"] == event:
                    return self.log[-1]
        raise AssertionError(f"serve ended without {event!r}: {self.text}")

    async def stop(self) -> int:
        """End it as an operator does; its exit code."""
        if self.process.returncode is None:
            self.process.terminate()
        async with asyncio.timeout(SECONDS):
            out, err = await self.process.communicate()
        self.text += err.decode()
        self.log += [_line(line, self.text) for line in err.decode().splitlines()]
        assert out == b""
        assert self.process.returncode is not None
        return self.process.returncode


def _line(line: str, text: str) -> dict[str, Any]:
    """One line of the log; whatever is none fails with all that was said so far."""
    try:
        return dict(json.loads(line))
    except ValueError:
        raise AssertionError(f"{line!r} is no line of the log, in:\n{text}") from None


@asynccontextmanager
async def served(
    *arguments: str, env: Mapping[str, str], cwd: Path
) -> AsyncIterator[tuple[Served, list[str]]]:
    """A running `linecard serve`, and where it listens."""
    async with serving(str(COMMAND), "serve", *arguments, env=env, cwd=cwd) as server:
        yield server


@asynccontextmanager
async def serving(
    *command: str, env: Mapping[str, str], cwd: Path
) -> AsyncIterator[tuple[Served, list[str]]]:
    """The same of a command that is given whole."""
    server = Served(await _start(command, env, cwd))
    try:
        listening = (await server.until("serving"))["listening"]
        yield server, listening
    except BaseException:  # its calls would hold it up, and that would be told for what has failed
        with suppress(ProcessLookupError):
            server.process.kill()
        await server.stop()
        print("the server's last words:", *server.text.splitlines()[-LAST_WORDS:], sep="\n")
        raise
    await server.stop()


async def _start(command: tuple[str, ...], env: Mapping[str, str], cwd: Path) -> Process:
    clean = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return await asyncio.create_subprocess_exec(
        *command, stdin=PIPE, stdout=PIPE, stderr=PIPE, cwd=cwd, env={**clean, **env}
    )


def environment(world: Telephone) -> dict[str, str]:
    """The variables with which the world's server was started."""
    settings = world.exchange.settings
    return {
        "LINECARD_PUBLIC_URL": settings.public_url,
        "LINECARD_DATABASE_URL": settings.database_url,
        "LINECARD_API_KEY": KEY,
        "LINECARD_SECRET": "s" * 40,
        **world.carrier.environment(world.carrier.url),
    }
