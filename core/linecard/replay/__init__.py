"""A flight record run through today's code: what would be different now?"""

from linecard.replay.running import replay

__all__ = ["replay"]
