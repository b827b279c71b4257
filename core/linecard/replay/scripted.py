"""The agent of a replay: it asks of the call what the recorded agent asked, at the same moments."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType
from typing import Any

from linecard.agents import Agents
from linecard.agents.declared import Agent, as_agent
from linecard.clock import Clock
from linecard.errors import LinecardError, NotFound
from linecard.flight.reading import Line
from linecard.live import LiveCall
from linecard.tasks import Tasks
from linecard.transfers import TransferWish

FAILED = "agent_error"
SOUND = frozenset({"send", "send_nowait"})


class AgentFailed(Exception):
    """The recorded agent failed here."""


class ScriptedAgents(Agents):
    """Whatever agent is asked for, it is the recorded one."""

    def __init__(self, script: Script, told: Line) -> None:
        super().__init__()
        self._script = script
        self._told = told

    def find(self, name: str) -> Agent:
        """The recorded agent. Raises NotFound where the record says that there was none."""
        if not self._told.get("found", True):
            raise NotFound("agent", name, "nor was there one in the record")
        agent = as_agent(name, "the flight record", self._script)
        return Agent(agent.name, agent.source, agent.target, self._told.get("rate"))


class Script:
    """What the agent asked, in order. What takes a while is not waited for: the record says what came next."""

    def __init__(self, asks: Sequence[Line], clock: Clock, origin: float) -> None:
        self._asks = asks
        self._clock = clock
        self._origin = origin
        self._tasks = Tasks()

    async def __call__(self, call: LiveCall) -> None:
        """Be the agent of a call."""
        for ask in self._asks:
            await self._clock.sleep_until(self._origin + ask["t"])
            if ask["ask"] == "finished":
                if ask["reason"] == FAILED:
                    raise AgentFailed("the recorded agent failed here")
                return
            self._tasks.start(_attempt(DO[ask["ask"]](call, ask)), ask["ask"])
            await asyncio.sleep(0)
        await call.ended()


def asks_of(lines: Sequence[Line]) -> list[Line]:
    """What an agent asked, in the order of time, from a record's lines."""
    return [line for line in map(_as_ask, lines) if line.get("ask") in (*DO, "finished")]


def _as_ask(line: Line) -> Line:
    """Sound that the agent gave stands among the frames."""
    is_sound = line["k"] == "frame" and line["dir"] in SOUND
    return {**line, "ask": line["dir"]} if is_sound else line


async def _attempt(work: Awaitable[object] | None) -> None:
    """What the call refuses was refused to the recorded agent too, or is a difference that shows elsewhere."""
    with suppress(LinecardError):
        if work is not None:
            await work


def _pcm(ask: Line) -> bytes:
    """The sound, or as much silence."""
    return base64.b64decode(ask["audio"]) if "audio" in ask else bytes(ask["size"])


async def _now(work: Callable[[], object]) -> None:
    work()


def _how(ask: Line) -> dict[str, Any]:
    """What else was asked of a transfer; files of an older form say nothing of it."""
    return {name: ask[name] for name in ("order", "whisper", "accept_key") if name in ask}


def _outcome(call: LiveCall, ask: Line) -> None:
    call.outcome = ask["outcome"]


Do = Callable[[LiveCall, Line], Awaitable[object] | None]
DO: Mapping[str, Do] = MappingProxyType(
    {
        "send": lambda call, ask: call.send(_pcm(ask)),
        "send_nowait": lambda call, ask: _now(lambda: call.send_nowait(_pcm(ask))),
        "played": lambda call, _ask: call.played(),
        "mark": lambda call, ask: _now(lambda: call.mark(ask["name"])),
        "clear": lambda call, _ask: _now(call.clear),
        "send_digits": lambda call, ask: call.send_digits(
            ask.get("digits", "*"), how=ask.get("how")
        ),
        "opt_out": lambda call, _ask: call.opt_out(),
        "transfer": lambda call, ask: call.transfer(
            ask["to"], ask["mode"], ask["ring_seconds"], **_how(ask)
        ),
        "begin_transfer": lambda call, ask: call.begin_transfer(
            TransferWish(
                targets=tuple(ask["to"]),
                mode=ask["mode"],
                ring_seconds=ask["ring_seconds"],
                **_how(ask),
            )
        ),
        "record": lambda call, ask: call.record(
            ask["action"], resume_after=ask.get("resume_after")
        ),
        "hang_up": lambda call, ask: call.hang_up(now=ask["now"], reason=ask["reason"]),
        "outcome": _outcome,
    }
)
"""What an agent can ask, and how it is asked again."""


def allowed_targets(lines: Sequence[Line]) -> tuple[str, ...]:
    """Whom the recorded server let calls be transferred to, as far as it was asked."""
    asked = [line for line in lines if line.get("ask") in ("transfer", "begin_transfer")]
    refused = [line for line in lines if line.get("ask") == "refused" and _by_gate(line)]
    no = {target for line in refused for target in line["to"]}
    return tuple({target: None for line in asked for target in line["to"] if target not in no})


def _by_gate(line: Mapping[str, Any]) -> bool:
    return bool(line["error"] == "GateRefused")
