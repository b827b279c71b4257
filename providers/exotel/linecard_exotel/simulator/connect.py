"""The Connect applet with a dynamic URL: asks whom to ring, rings, connects."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from linecard_exotel.simulator.calls import Call
    from linecard_exotel.simulator.flows import Applet, Connect
    from linecard_exotel.simulator.switch import Switch


async def run_connect(switch: Switch, call: Call, applet: Connect) -> Applet | None:
    """Nobody is dialled."""
    return applet.unanswered
