"""StatusCallback: placeholder of the first slice."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from linecard_exotel.simulator.calls import Call
    from linecard_exotel.simulator.switch import Switch


def report(switch: Switch, call: Call, event: str) -> None:
    """Nothing yet."""
