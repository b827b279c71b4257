from __future__ import annotations

import pytest
from tests.core.media.lines import L16, PCMU, profile

from linecard import ChunkRule, ConfigurationError, StreamFormat
from linecard.media.chunks import chunk_size


@pytest.mark.parametrize(
    ("line", "rule", "size"),
    [
        (L16, ChunkRule(2, 2, 12_000), 320),
        (L16, ChunkRule(320, 3200, 100_000), 3200),
        (L16, ChunkRule(300, 0, 4000), 600),
        (L16, ChunkRule(1, 321, 4000), 322),
        (PCMU, ChunkRule(1, 1, 4000), 160),
        (PCMU, ChunkRule(160, 161, 4000), 320),
    ],
)
def test_the_smallest_legal_chunk_of_at_least_a_frame(
    line: StreamFormat, rule: ChunkRule, size: int
) -> None:
    assert chunk_size(profile(line, chunk=rule), line.outbound) == size


def test_rules_that_leave_no_size_are_refused() -> None:
    impossible = profile(chunk=ChunkRule(320, 3200, 1600))
    with pytest.raises(ConfigurationError, match="stream profile test"):
        chunk_size(impossible, L16.outbound)
