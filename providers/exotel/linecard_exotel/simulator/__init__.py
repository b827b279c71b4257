"""The simulated Exotel: written from the carrier's reference, knowing nothing of our client.

REST API, App Bazaar flows, unsigned requests, the media socket, phones, recordings and a ledger, on
loopback only.
"""

from linecard_exotel.simulator.exotel import SimulatedExotel
from linecard_exotel.simulator.quirks import Quirks

__all__ = ["Quirks", "SimulatedExotel"]
