"""An enhancer in one stream's way: behind the line's decoding, and before the agent's sample rate."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from linecard.enhancing.offers import Enhancer
    from linecard.media.codec import Codec


class Enhancing:
    """The line's audio, decoded, enhanced at the line's own rate, and only then changed to the agent's.

    It decodes for itself, so that the way without it goes on undisturbed and can take over at any frame.
    """

    __slots__ = ("_change", "_enhancer", "_plain", "_started_in_ms", "by", "is_told")

    def __init__(self, by: str, enhancer: Enhancer, started_in_ms: float, codec: Codec) -> None:
        self.by = by
        self.is_told = False
        self._enhancer = enhancer
        self._started_in_ms = started_in_ms
        self.follow(codec)

    def follow(self, codec: Codec) -> None:
        """The line carries another encoding, or the agent wants another rate, from now on."""
        self._plain = codec.plain()
        self._change = codec.to_agent()

    def heard(self, payload: bytes) -> bytes:
        """One message of the line as the agent gets it.

        Raises whatever the enhancer does, and ValueError where it gives more or less than it was given.
        """
        pcm = self._plain(payload)
        cleaned = self._enhancer.process(pcm) if pcm else pcm
        if len(cleaned) != len(pcm):
            raise ValueError(f"it gave {len(cleaned)} bytes for {len(pcm)}")
        return cleaned if self._change is None else self._change(cleaned)

    def facts(self) -> dict[str, object]:
        """For the call's record, once the first message has shown how the line cuts its audio."""
        return {
            "by": self.by,
            "delay_ms": round(self._enhancer.delay_ms, 1),
            "started_in_ms": round(self._started_in_ms, 1),
        }

    def close(self) -> None:
        """Free the enhancer. Raises whatever it does."""
        self._enhancer.close()
