"""How long an MP3 lasts: counted frame by frame, so that neither a header nor a bit rate is believed."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.calls.files import MP3_FRAME, mp3

from linecard.storage import mpeg
from linecard.storage.mpeg import Frames, frame, frames
from linecard.storage.sounds import Broken, inspect

WRITTEN_BY_LAME = Path(__file__).with_name("two_seconds.mp3")
"""Two seconds at 8 kHz, 8 kbit/s, joint stereo, as LAME 3.100 wrote them."""
LOUDER = b"\xff\xe3\x28\xc4" + bytes(140)
"""The same 72 ms at 16 kbit/s."""
OTHER = b"\xff\xfb\x90\xc4" + bytes(413)
"""A frame of MPEG 1 at 44.1 kHz, which belongs to no file of the others."""
TAG = b"ID3\x04\x00\x00\x00\x00\x02\x05" + b"\xff" * 261
TRAILER = b"TAG" + bytes(125)


def counted(count: int | None, kind: bytes = b"Info") -> bytes:
    """A first frame without sound, that says how many follow."""
    says = bytes(4) if count is None else b"\x00\x00\x00\x01" + count.to_bytes(4, "big")
    return (MP3_FRAME[:4] + bytes(9) + kind + says).ljust(len(MP3_FRAME), b"\x00")


def walked(path: Path, body: bytes) -> Frames | None:
    path.write_bytes(body)
    return frames(path)


BODIES: dict[str, tuple[bytes, int, bool]] = {
    "constant": (mp3(20), 20, False),
    "variable": (mp3(5) + LOUDER * 15, 20, False),
    "a tag before": (TAG + mp3(20), 20, False),
    "a tag behind": (mp3(20) + TRAILER, 20, False),
    "dirt between": (mp3(10) + b"\xff\xff\x00dirt" + mp3(10), 20, False),
    "another sound in between": (mp3(10) + OTHER + mp3(10), 20, False),
    "zeros before": (bytes(100) + mp3(20), 20, False),
    "a count that fits": (counted(20) + mp3(20), 20, False),
    "a count of all of them": (counted(21, b"Xing") + mp3(20), 20, False),
    "a count that was never filled in": (counted(0) + mp3(20), 20, False),
    "no count": (counted(None) + mp3(20), 20, False),
    "a count of more": (counted(40) + mp3(20), 20, True),
    "cut within a frame": (mp3(21)[:-1], 20, True),
    "cut within a header": (mp3(20) + MP3_FRAME[:3], 20, False),
}


@pytest.mark.parametrize("block", [7, 100, mpeg.BLOCK_BYTES])
@pytest.mark.parametrize("name", BODIES)
def test_frames_are_counted_wherever_a_file_is_cut_into_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, block: int
) -> None:
    monkeypatch.setattr(mpeg, "BLOCK_BYTES", block)
    body, count, torn = BODIES[name]
    found = walked(tmp_path / "x", body)
    assert found is not None
    assert (round(found.seconds / 0.072), found.channels, found.torn) == (count, 1, torn)


@pytest.mark.parametrize("share", [1.0, 0.51])
def test_what_an_encoder_wrote_is_as_long_as_what_is_there_of_it(
    tmp_path: Path, share: float
) -> None:
    written = WRITTEN_BY_LAME.read_bytes()
    found = walked(tmp_path / "x", written[: int(len(written) * share)])
    assert found is not None
    assert found.channels == 2
    assert found.seconds == pytest.approx(2 * share, abs=0.2)
    assert found.torn is (share < 1)


@pytest.mark.parametrize(
    ("header", "length", "channels"),
    [
        ("fffb90c4", 417, 1),
        ("fffb9264", 418, 2),
        ("fffbe800", 1440, 2),
        ("fff390c4", 261, 1),
        ("ffe318c4", 72, 1),
    ],
)
def test_a_header_tells_its_frames_length(header: str, length: int, channels: int) -> None:
    """The figures are those of the standard's formula, written out by hand."""
    found = frame(bytes.fromhex(header))
    assert found is not None
    assert (found.length, found.channels) == (length, channels)


@pytest.mark.parametrize(
    "header", ["fff150c4", "fffd90c4", "ffeb90c4", "fffb00c4", "fffbf0c4", "fffb9cc4", "00fb90c4"]
)
def test_what_is_no_header_of_layer_iii_is_none(header: str) -> None:
    """ADTS, Layer II, a version that is reserved, free bit rate, no bit rate, no sample rate, no sync."""
    assert frame(bytes.fromhex(header)) is None


@pytest.mark.parametrize("body", [b"ID3", TAG, TAG[:50], b"\xff\xfb\x90rest", OTHER[:-1]])
def test_a_file_without_a_whole_frame_is_broken(tmp_path: Path, body: bytes) -> None:
    (tmp_path / "x").write_bytes(body)
    with pytest.raises(Broken, match="no whole frame"):
        inspect(tmp_path / "x", "audio/mpeg")
