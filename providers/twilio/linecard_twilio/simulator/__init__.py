"""The simulated Twilio: written from the carrier's reference, knowing nothing of our client.

REST API, signed webhooks, a strict reader of TwiML, media streams, phones, conferences, recordings
and a ledger, on loopback only.
"""

from linecard_twilio.simulator.quirks import Quirks
from linecard_twilio.simulator.twilio import SimulatedTwilio

__all__ = ["Quirks", "SimulatedTwilio"]
