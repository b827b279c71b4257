"""The running call that an agent holds; it outlives its streams."""

from linecard.live.call import LiveCall

__all__ = ["LiveCall"]
