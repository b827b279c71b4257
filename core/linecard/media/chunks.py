"""The size in which a carrier is sent audio."""

from __future__ import annotations

from linecard.errors import ConfigurationError
from linecard.media.formats import AudioFormat, StreamProfile


def chunk_size(profile: StreamProfile, line: AudioFormat) -> int:
    """The smallest legal message of at least 20 ms, in bytes of the line's encoding.

    Raises ConfigurationError when the profile's rules leave no such size.
    """
    rule = profile.chunk
    step = rule.multiple
    while step % line.sample_bytes:
        step += rule.multiple
    size = -(-max(line.frame_bytes, rule.smallest) // step) * step
    if size > rule.largest:
        raise ConfigurationError(
            f"stream profile {profile.name}: no chunk of at least 20 ms is a multiple of "
            f"{rule.multiple} between {rule.smallest} and {rule.largest} bytes"
        )
    return size
