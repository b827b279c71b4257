"""Line encodings, frame by frame."""

from __future__ import annotations

from itertools import pairwise

import pytest

from linecard.media.formats import AudioFormat, Encoding
from linecard.simulator.linecodec import line_codec
from linecard.simulator.sound import SILENCE, level
from linecard.simulator.speech import tone

FORMATS = [
    AudioFormat(Encoding.L16, 8000),
    AudioFormat(Encoding.L16, 16000),
    AudioFormat(Encoding.L16, 24000),
    AudioFormat(Encoding.PCMU, 8000),
    AudioFormat(Encoding.PCMA, 8000),
]


@pytest.mark.parametrize("format", FORMATS, ids=str)
def test_frames_have_their_sizes_and_keep_their_loudness(format: AudioFormat) -> None:
    codec = line_codec(format)
    said = tone((440.0,), 0.1)[:320]
    line = codec.encode(said)
    assert len(line) == len(codec.silence) == format.frame_bytes
    heard = codec.decode(line)
    assert len(heard) == 320
    assert level(heard) == pytest.approx(level(said), abs=0.5)


@pytest.mark.parametrize("format", FORMATS, ids=str)
def test_silence_is_silent(format: AudioFormat) -> None:
    codec = line_codec(format)
    assert level(codec.decode(codec.silence)) < -60
    assert level(codec.decode(codec.encode(SILENCE))) < -60


def test_l16_at_8_khz_is_not_touched() -> None:
    codec = line_codec(FORMATS[0])
    assert codec.encode(b"\x01\x02" * 160) == codec.decode(b"\x01\x02" * 160) == b"\x01\x02" * 160


def test_upsampling_is_seamless_between_frames() -> None:
    sound = b"".join(value.to_bytes(2, "little", signed=True) for value in range(320))
    whole = line_codec(FORMATS[1])
    parts = whole.encode(sound[:320]) + whole.encode(sound[320:])
    values = [int.from_bytes(parts[at : at + 2], "little", signed=True) for at in range(0, 1280, 2)]
    steps = {later - earlier for earlier, later in pairwise(values)}
    assert steps <= {0, 1}


def test_a_format_that_no_line_carries() -> None:
    with pytest.raises(ValueError, match="PCMU/16000"):
        line_codec(AudioFormat(Encoding.PCMU, 16000))
    with pytest.raises(ValueError, match="L16/11025"):
        line_codec(AudioFormat(Encoding.L16, 11025))
