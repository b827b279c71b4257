from __future__ import annotations

import io
import wave

import numpy as np

from linecard import AudioFormat, Encoding
from linecard.media.tap import Tap

LINE = AudioFormat(Encoding.L16, 8000)


def _pcm(value: int, seconds: float = 0.02) -> bytes:
    return np.full(int(8000 * seconds), value, "<i2").tobytes()


def _read(file: io.BytesIO) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    file.seek(0)
    with wave.open(file) as wav:
        assert (wav.getnchannels(), wav.getframerate()) == (2, 8000)
        both = np.frombuffer(wav.readframes(wav.getnframes()), "<i2").reshape(-1, 2)
    return both[:, 0], both[:, 1]


def test_the_caller_is_left_and_the_agent_right_where_it_is_played() -> None:
    file = io.BytesIO()
    tap = Tap(file, LINE, 100.0)
    for frame in range(100):
        now = 100.02 + frame * 0.02
        tap.caller(_pcm(7), now)
        if frame == 10:
            tap.agent(_pcm(9), 101.0)
        tap.write(now)
    tap.close(102.0)
    left, right = _read(file)
    assert len(left) == 16_000
    assert set(left) == {7}
    assert np.flatnonzero(right).tolist() == list(range(8000, 8160))


def test_jitter_leaves_no_hole_and_loses_nothing() -> None:
    file = io.BytesIO()
    tap = Tap(file, LINE, 0.0)
    for frame in range(50):
        tap.caller(_pcm(frame + 1), 0.02 + frame * 0.02 + (0.03 if frame % 3 else 0.0))
    tap.close(1.1)
    left, _ = _read(file)
    assert [value for value in left if value] == [f + 1 for f in range(50) for _ in range(160)]


def test_what_a_barge_in_threw_away_is_not_in_it() -> None:
    file = io.BytesIO()
    tap = Tap(file, LINE, 0.0)
    for frame in range(20):
        tap.agent(_pcm(5), 0.1 + frame * 0.02)
    tap.clear(0.25)
    tap.write(0.26)
    tap.agent(_pcm(6), 0.5)
    tap.close(1.0)
    _, right = _read(file)
    assert np.count_nonzero(right == 5) == int(0.15 * 8000)
    assert np.flatnonzero(right == 6)[0] == 4000
