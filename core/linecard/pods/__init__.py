"""Where the audio of a call goes: this process, or one that carries this call alone."""

from linecard.pods.leases import DEADLINE_SECONDS, Held, Leases

__all__ = ["DEADLINE_SECONDS", "Held", "Leases"]
