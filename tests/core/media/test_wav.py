from __future__ import annotations

import io
import wave
from pathlib import Path

import numpy as np
import pytest

from linecard.media.wav import StereoWriter, load_wav

RAMP = np.arange(-4000, 4000, dtype="<i2")


def _wav(sound: bytes, rate: int = 8000, width: int = 2, channels: int = 1) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(sound)
    return out.getvalue()


def test_a_mono_file_of_the_wanted_rate_comes_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "ramp.wav"
    path.write_bytes(_wav(RAMP.tobytes()))
    assert load_wav(path, 8000) == load_wav(str(path), 8000) == RAMP.tobytes()


def test_stereo_is_mixed() -> None:
    both = np.column_stack((RAMP, RAMP[::-1])).astype("<i2")
    mixed = np.frombuffer(load_wav(_wav(both.tobytes(), channels=2), 8000), "<i2")
    assert len(mixed) == len(RAMP)
    assert set(mixed.tolist()) <= {0, -1}


def test_eight_bits_are_unsigned() -> None:
    loaded = load_wav(_wav(bytes([0, 128, 255]), width=1), 8000)
    assert np.frombuffer(loaded, "<i2").tolist() == [-32768, 0, 32512]


@pytest.mark.parametrize("rate", [16000, 24000, 44100])
def test_another_rate_keeps_length_and_pitch(rate: int) -> None:
    tone = (9000 * np.sin(np.arange(rate) * 2 * np.pi * 1000 / rate)).astype("<i2")
    loaded = np.frombuffer(load_wav(_wav(tone.tobytes(), rate), 8000), "<i2").astype(float)
    assert abs(len(loaded) - 8000) <= 80
    assert abs(np.argmax(np.abs(np.fft.rfft(loaded))) * 8000 / len(loaded) - 1000) < 5


@pytest.mark.parametrize("broken", [b"", b"RIFF", b"\0" * 100, _wav(b"")[:20]])
def test_what_is_no_wav_is_refused(broken: bytes, tmp_path: Path) -> None:
    path = tmp_path / "broken.wav"
    path.write_bytes(broken)
    with pytest.raises(ValueError, match="not a PCM WAV"):
        load_wav(path, 8000)


def test_other_widths_are_named() -> None:
    with pytest.raises(ValueError, match="24 bits"):
        load_wav(_wav(bytes(6), width=3), 8000)


def test_a_file_in_the_making_can_be_read_after_every_write() -> None:
    out = io.BytesIO()
    writer = StereoWriter(out, 8000)
    for part in range(1, 4):
        writer.write(b"\1\0" * 100, b"\2\0" * 100)
        with wave.open(io.BytesIO(out.getvalue())) as file:
            assert (file.getnchannels(), file.getnframes()) == (2, 100 * part)
            assert file.readframes(1) == b"\1\0\2\0"
    writer.close()
    assert len(out.getvalue()) == 44 + 1200
