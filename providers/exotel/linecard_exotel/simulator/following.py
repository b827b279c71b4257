"""Runs a flow, applet by applet, until nothing follows: that is Hangup."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from linecard_exotel.simulator.connect import run_connect
from linecard_exotel.simulator.flows import Connect, Passthru, Voicebot
from linecard_exotel.simulator.passthru import run_passthru
from linecard_exotel.simulator.voicebot import run_voicebot

if TYPE_CHECKING:
    from linecard_exotel.simulator.calls import Call
    from linecard_exotel.simulator.flows import Applet
    from linecard_exotel.simulator.switch import Switch

Runner = Callable[["Switch", "Call", Any], Awaitable["Applet | None"]]

RUNNERS: Mapping[type[object], Runner] = {
    Voicebot: run_voicebot,
    Passthru: run_passthru,
    Connect: run_connect,
}


async def follow(switch: Switch, call: Call, applet: Applet | None) -> None:
    """Run a flow from an applet on."""
    while applet is not None:
        applet = await RUNNERS[type(applet)](switch, call, applet)
