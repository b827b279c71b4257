"""The conformance kit for providers, and a whole telephone world on loopback, for their tests.

It needs pytest; nothing else of Linecard loads it.
"""

from linecard.testing.case import Case, add_headers
from linecard.testing.conformance import ProviderConformance
from linecard.testing.samples import (
    ANY,
    AUDIO,
    DIGIT,
    MARK,
    STREAM,
    ApiSamples,
    Fill,
    Means,
    MediaSamples,
    Sample,
    Says,
    Words,
    Written,
)

__all__ = [
    "ANY",
    "AUDIO",
    "ApiSamples",
    "Case",
    "DIGIT",
    "Fill",
    "MARK",
    "Means",
    "MediaSamples",
    "ProviderConformance",
    "STREAM",
    "Sample",
    "Says",
    "Words",
    "Written",
    "add_headers",
]
