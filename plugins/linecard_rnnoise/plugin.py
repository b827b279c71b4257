"""The plugin: its hooks, each a line or two."""

from __future__ import annotations

from collections.abc import Sequence

import linecard
from linecard_rnnoise import library

NAME = "rnnoise"


class RNNoise:
    """One for each application; it keeps nothing but the library, loaded with the first stream."""

    @linecard.hookimpl
    def enhancers(self) -> Sequence[linecard.EnhancerOffer]:
        """`rnnoise`, where the extra is installed."""
        return [linecard.EnhancerOffer(NAME, library.lacking())]

    @linecard.hookimpl
    def enhance(
        self, call: linecard.Call, format: linecard.StreamFormat
    ) -> linecard.Enhancer | None:
        """A state of its own for every stream, before whatever rate the line has."""
        return enhancer(format.inbound.rate) if call.enhance == NAME else None


def enhancer(line_rate: int) -> linecard.Enhancer:
    """RNNoise before a line of `line_rate`. Raises LinecardError where the library is not to be had."""
    suppressor = library.Suppressor()
    return linecard.Blockwise(
        line_rate,
        rate=library.RATE,
        block=library.BLOCK,
        lag=library.LAG,
        work=suppressor.work,
        close=suppressor.close,
    )
