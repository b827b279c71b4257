"""The compiled RNNoise of the package `pyrnnoise`, by its C interface.

The package itself is not imported: with it would come matplotlib and a second set of audio codecs, of
which nothing is needed here.
"""

from __future__ import annotations

import ctypes
import importlib.util
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from linecard import LinecardError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

RATE = 48_000
BLOCK = 480
"""Samples that RNNoise takes and gives at once: 10 ms."""
LAG = 2 * BLOCK
"""Samples by which its sound is late: windows overlap by a block, and a block is held back for what follows."""
PACKAGE = "pyrnnoise"
FILES: Mapping[str, str] = {
    "linux": "librnnoise.so",
    "darwin": "librnnoise.dylib",
    "win32": "rnnoise.dll",
}
INSTALL = "pip install 'linecard[rnnoise]'"


def lacking() -> str:
    """What is missing for it here, and what to do; empty where nothing is."""
    if _file() is not None:
        return ""
    return f"the package {PACKAGE} is not installed; {INSTALL}"


def _file() -> Path | None:
    """Where the compiled library lies."""
    spec = importlib.util.find_spec(PACKAGE)
    name = FILES.get(sys.platform)
    if spec is None or name is None:
        return None
    found = (Path(folder) / name for folder in spec.submodule_search_locations or ())
    return next((path for path in found if path.is_file()), None)


@cache
def _library() -> Any:
    """The library, loaded once. Raises LinecardError."""
    path = _file()
    if path is None:
        raise LinecardError(lacking())
    try:
        library = ctypes.CDLL(str(path))
    except OSError as error:
        raise LinecardError(f"RNNoise's library cannot be loaded: {error}") from error
    library.rnnoise_get_frame_size.restype = ctypes.c_int
    library.rnnoise_create.argtypes = [ctypes.c_void_p]
    library.rnnoise_create.restype = ctypes.c_void_p
    library.rnnoise_destroy.argtypes = [ctypes.c_void_p]
    library.rnnoise_destroy.restype = None
    library.rnnoise_process_frame.argtypes = [ctypes.c_void_p] * 3
    library.rnnoise_process_frame.restype = ctypes.c_float
    if library.rnnoise_get_frame_size() != BLOCK:
        raise LinecardError(f"this RNNoise takes other blocks than {BLOCK} samples")
    return library


class Suppressor:
    """RNNoise's state for one stream. Raises LinecardError where it is not to be had."""

    def __init__(self) -> None:
        import numpy as np

        self._np = np
        self._library = _library()
        self._samples: npt.NDArray[np.float32] = np.zeros(BLOCK, np.float32)
        self._place = self._samples.ctypes.data
        self._state: int | None = self._library.rnnoise_create(None)
        if not self._state:
            raise LinecardError("RNNoise could not be started: no memory")

    def work(self, block: bytes) -> bytes:
        """One block of int16 samples in, one out."""
        np, samples = self._np, self._samples
        samples[:] = np.frombuffer(block, "<i2")
        self._library.rnnoise_process_frame(self._state, self._place, self._place)
        np.clip(samples, -32768, 32767, samples)
        whole: bytes = np.rint(samples).astype("<i2").tobytes()
        return whole

    def close(self) -> None:
        """Free the state; safe to repeat."""
        state, self._state = self._state, None
        if state:
            self._library.rnnoise_destroy(state)
