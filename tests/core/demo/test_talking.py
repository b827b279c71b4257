"""Who talks when."""

from __future__ import annotations

import numpy as np

from linecard.demo.talking import spoken


def _talking(*stretches: tuple[float, float], seconds: float) -> bytes:
    pcm = np.zeros(round(seconds * 8000), "<i2")
    for start, end in stretches:
        pcm[round(start * 8000) : round(end * 8000)] = 9000
    return pcm.tobytes()


def test_pauses_in_speech_do_not_break_it() -> None:
    pcm = _talking((0.1, 0.5), (0.7, 1.0), (2.0, 2.2), seconds=3.0)
    found = [(round(start, 2), round(end, 2)) for start, end in spoken(pcm, 8000)]
    assert found == [(0.1, 1.0), (2.0, 2.2)]


def test_silence_and_a_quiet_line_are_no_talk() -> None:
    assert spoken(bytes(16_000), 8000) == []
    assert spoken(np.full(8000, 50, "<i2").tobytes(), 8000) == []
    assert spoken(b"", 8000) == []
