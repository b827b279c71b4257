"""What noise enhancement costs and brings: `python -m benchmarks.noise` prints JSON.

Microseconds for each 20 ms frame, and the signal to the noise before and after, in decibels. With
`--picture docs/noise.png`: the spectrograms of the same speech as it came and as it was enhanced.
"""

from __future__ import annotations

import argparse
import json
import struct
import time
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median

import numpy as np
import numpy.typing as npt

from benchmarks.noisy_speech import Samples, noisy, ratio, samples, spoken
from linecard import Blockwise, Enhancer
from linecard_rnnoise.library import BLOCK, RATE
from linecard_rnnoise.plugin import enhancer

ROUNDS = 7
LOWEST_DB, HIGHEST_DB = 20.0, 110.0
"""What is black and what is white in a spectrogram."""
WINDOW, STEP, SCALE = 256, 64, 2


def through(one: Enhancer, sound: bytes, size: int) -> bytes:
    """What an enhancer makes of it, in messages of that many bytes."""
    return b"".join(
        one.process(sound[place : place + size]) for place in range(0, len(sound), size)
    )


def _gain(rate: int, decibels: float) -> dict[str, float]:
    clean = spoken(rate)
    given, one = noisy(clean, rate, decibels), enhancer(rate)
    late = round(one.delay_ms * rate / 1000)
    made = samples(through(one, given, rate // 50 * 2))[late:]
    wanted, before = samples(clean)[: len(made)], samples(given)[: len(made)]
    return {"before": round(ratio(wanted, before), 1), "after": round(ratio(wanted, made), 1)}


def _only_resampled(rate: int) -> Enhancer:
    return Blockwise(rate, rate=RATE, block=BLOCK, lag=0, work=lambda block: block)


COSTS: Mapping[str, Callable[[int], Enhancer]] = {
    "rnnoise": enhancer,
    "resampling and blocks alone": _only_resampled,
}


def _cost(make: Callable[[int], Enhancer], rate: int) -> float:
    """Microseconds a frame: the median of some rounds of speech."""
    sound, size, one = noisy(spoken(rate), rate, 5), rate // 50 * 2, make(rate)
    frames = len(sound) // size
    found = []
    for _ in range(ROUNDS):
        began = time.process_time()
        through(one, sound[: frames * size], size)
        found.append((time.process_time() - began) / frames * 1e6)
    return round(median(found), 1)


def measured() -> dict[str, object]:
    """Every figure."""
    rates = (8000, 16000)
    return {
        "us_a_frame": {
            name: {str(rate): _cost(make, rate) for rate in rates} for name, make in COSTS.items()
        },
        "delay_ms": {str(rate): enhancer(rate).delay_ms for rate in rates},
        "signal_to_noise_db": {
            f"{rate} Hz, {decibels} dB": _gain(rate, decibels)
            for rate in rates
            for decibels in (0, 5, 10)
        },
    }


def _spectrogram(sound: Samples) -> npt.NDArray[np.uint8]:
    """Grey levels, the lowest frequency at the bottom, time to the right."""
    windows = np.lib.stride_tricks.sliding_window_view(sound, WINDOW)[::STEP]
    power = np.abs(np.fft.rfft(windows * np.hanning(WINDOW))) ** 2
    decibels = 10 * np.log10(power[:, 1:] + 1)
    grey = np.clip((decibels - LOWEST_DB) / (HIGHEST_DB - LOWEST_DB), 0, 1)
    turned = (255 * grey).astype(np.uint8).T[::-1]
    return np.asarray(turned.repeat(SCALE, axis=0))


def picture() -> bytes:
    """A PNG: above the speech as it came, below as RNNoise gives it, moved back by the delay."""
    given, one = noisy(spoken(8000), 8000, 5), enhancer(8000)
    late = round(one.delay_ms * 8)
    made = samples(through(one, given, 320))[late:]
    above, below = _spectrogram(samples(given)[: len(made)]), _spectrogram(made)
    line = np.full((6, above.shape[1]), 255, np.uint8)
    return _png(np.concatenate((above, line, below)))


def _png(grey: npt.NDArray[np.uint8]) -> bytes:
    height, width = grey.shape
    rows = np.concatenate((np.zeros((height, 1), np.uint8), grey), axis=1)
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows.tobytes(), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_part(kind, data) for kind, data in parts)


def _part(kind: bytes, data: bytes) -> bytes:
    check = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)


def main() -> None:
    """Print the figures, or write the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--picture", type=Path)
    asked = parser.parse_args()
    if asked.picture is None:
        print(json.dumps(measured(), indent=2))
    else:
        asked.picture.write_bytes(picture())


if __name__ == "__main__":
    main()
