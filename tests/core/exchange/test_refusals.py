"""What was refused at a call's addresses: bounded in memory, and written once."""

from __future__ import annotations

from linecard.exchange.refusals import MOST_CALLS, MOST_REASONS, REQUESTS, SOCKETS, Refusals
from linecard.exchange.streams import corrections
from linecard.media.formats import AudioFormat, Encoding, StreamFormat, same_both_ways

PCMU, L16 = AudioFormat(Encoding.PCMU, 8000), AudioFormat(Encoding.L16, 8000)


def test_reasons_and_calls_are_bounded() -> None:
    refusals = Refusals()
    for number in range(MOST_REASONS + 5):
        refusals.note("first", REQUESTS, f"reason {number}")
    assert refusals.of("first")[REQUESTS, "other"] == 5
    assert len(refusals.of("first")) == MOST_REASONS + 1
    for number in range(MOST_CALLS):
        refusals.note(f"call {number}", SOCKETS, "no")
    assert refusals.of("first") == {}
    assert refusals.of("call 0") == {(SOCKETS, "no"): 1}


def test_what_was_asked_for_is_kept_where_the_stream_says_otherwise() -> None:
    declared = same_both_ways(PCMU)
    assert corrections(declared, declared) == {}
    assert corrections(declared, same_both_ways(L16)) == {"asked": "PCMU/8000"}
    mixed = StreamFormat(inbound=PCMU, outbound=L16)
    assert corrections(mixed, declared) == {"asked": "PCMU/8000 in and L16/8000 out"}
