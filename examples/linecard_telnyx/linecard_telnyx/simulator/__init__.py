"""A simulated Telnyx: its Call Control API, its signed webhooks, its media socket. Written from its pages."""

from linecard_telnyx.simulator.carrier import SimulatedTelnyx

__all__ = ["SimulatedTelnyx"]
