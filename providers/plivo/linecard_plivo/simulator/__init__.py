"""The simulated Plivo: written from the carrier's reference, knowing nothing of our client.

REST API, signed webhooks, a strict reader of Plivo XML, the media socket, phones, recordings and a
ledger, on loopback only.
"""

from linecard_plivo.simulator.plivo import SimulatedPlivo
from linecard_plivo.simulator.quirks import Quirks

__all__ = ["Quirks", "SimulatedPlivo"]
