"""`aic_sdk` 3.3 without its secret: the same names, signatures, checks and errors, and a processor that only
delays and softens.

A model's file is JSON here: `{"rate": 16000, "block": 160, "delay": 480, "version": 7}`. Of licence keys,
`expired`, `malformed`, `old` and `revoked` are what they say; a revoked one is found out while it works.
"""

from __future__ import annotations

import enum
import json
import os
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

COMPATIBLE = 7
UNSUPPORTED = "Audio configuration (sample_rate, block_size) is not supported by the model."
NOT_ALLOWED = (
    "Processing is not allowed because the SDK key was not authorized, usage reporting failed or the "
    "session was terminated."
)

made: list[Processor] = []
"""Every processor of this test."""
loaded: list[str] = []
"""The path of every model that was loaded."""


class _Told(Exception):
    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class AudioConfigMismatchError(_Told):
    pass


class AudioConfigUnsupportedError(_Told):
    pass


class FilePathInvalidError(_Told):
    pass


class FileSystemError(_Told):
    pass


class LicenseExpiredError(_Told):
    pass


class LicenseFormatInvalidError(_Told):
    pass


class LicenseVersionUnsupportedError(_Told):
    pass


class ModelInvalidError(_Told):
    pass


class ModelVersionUnsupportedError(_Told):
    pass


class NotInitializedError(_Told):
    pass


class ParameterOutOfRangeError(_Told):
    pass


class ProcessingNotAllowedError(_Told):
    pass


KEYS: dict[str, Callable[[], Exception]] = {
    "malformed": lambda: LicenseFormatInvalidError("The license key format is invalid."),
    "expired": lambda: LicenseExpiredError("The license key has expired."),
    "old": lambda: LicenseVersionUnsupportedError("The license version is not supported."),
}


class ProcessorParameter(enum.Enum):
    Bypass = 0
    EnhancementLevel = 1
    VoiceGain = 2


class Model:
    def __init__(self, told: dict[str, Any]) -> None:
        self._told = told

    @staticmethod
    def from_file(path: str | os.PathLike[str]) -> Model:
        if "\0" in str(path):
            raise FilePathInvalidError("The file path is invalid.")
        try:
            with open(path, "rb") as file:
                told = json.loads(file.read())
        except OSError as error:
            raise FileSystemError(
                "The model file cannot be opened due to a filesystem error. Verify that the file exists."
            ) from error
        except ValueError as error:
            raise ModelInvalidError(
                "The model file is invalid or corrupted. Verify the file is correct."
            ) from error
        if told["version"] != COMPATIBLE:
            raise ModelVersionUnsupportedError(
                "The model file version is not compatible with this SDK version."
            )
        loaded.append(str(path))
        return Model(told)

    def get_id(self) -> str:
        return "fake-s-16khz"

    def get_optimal_sample_rate(self) -> int:
        return int(self._told["rate"])

    def get_optimal_block_size(self, sample_rate: int) -> int:
        return int(self._told["block"] * sample_rate // self._told["rate"])


class ProcessorConfig:
    def __init__(
        self, sample_rate: int, block_size: int, variable_block_size: bool = False
    ) -> None:
        self.sample_rate = sample_rate
        self.block_size = block_size
        self.variable_block_size = variable_block_size

    @staticmethod
    def optimal(
        model: Model,
        sample_rate: int | None = None,
        block_size: int | None = None,
        variable_block_size: bool = False,
    ) -> ProcessorConfig:
        rate = sample_rate or model.get_optimal_sample_rate()
        size = block_size or model.get_optimal_block_size(rate)
        return ProcessorConfig(rate, size, variable_block_size)


class OtelConfig:
    def __init__(
        self, enable: bool, session_id: str | None = None, export_interval_ms: int = 0
    ) -> None:
        self.enable = enable
        self.session_id = session_id
        self.export_interval_ms = export_interval_ms


class ProcessorContext:
    def __init__(self, processor: Processor) -> None:
        self._processor = processor

    def reset(self) -> None:
        self._processor._reset()

    def set_parameter(self, parameter: ProcessorParameter, value: float) -> None:
        if not 0.0 <= value <= 1.0:
            raise ParameterOutOfRangeError("Parameter value is outside the acceptable range.")
        self._processor.parameters[parameter] = value

    def get_parameter(self, parameter: ProcessorParameter) -> float:
        return self._processor.parameters[parameter]

    def get_audio_delay(self) -> int:
        return self._processor._delay()


class Processor:
    """What comes out is what went in, later by the model's delay and softer by the enhancement level."""

    def __init__(
        self,
        model: Model,
        license_key: str,
        config: ProcessorConfig | None = None,
        otel_config: OtelConfig | None = None,
    ) -> None:
        if not isinstance(model, Model):
            raise TypeError(f"'{model}' is not an instance of 'Model'")
        if license_key in KEYS:
            raise KEYS[license_key]()
        self.otel, self.config = otel_config, config
        self.parameters = {
            ProcessorParameter.Bypass: 0.0,
            ProcessorParameter.EnhancementLevel: 0.5,
            ProcessorParameter.VoiceGain: 1.0,
        }
        self.blocks, self.is_terminated = 0, False
        self._model, self._key = model, license_key
        self._held = np.zeros(0, np.float32)
        made.append(self)
        if config is not None:
            self.initialize(config)

    def initialize(self, config: ProcessorConfig) -> None:
        if not 8000 <= config.sample_rate <= 192_000 or config.block_size < 1:
            raise AudioConfigUnsupportedError(UNSUPPORTED)
        self.config = config
        self._reset()

    def process(self, audio: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        if self.config is None:
            raise NotInitializedError("Handle must be initialized before this operation.")
        if audio.dtype != np.float32 or audio.ndim != 1:
            raise TypeError("'ndarray' is not an instance of 'PyArray<T, D>'")
        if len(audio) != self.config.block_size:
            raise AudioConfigMismatchError(
                "Audio configuration differs from the one provided during initialization."
            )
        self.blocks += 1
        if self.is_terminated or (self._key == "revoked" and self.blocks > 20):
            raise ProcessingNotAllowedError(NOT_ALLOWED)
        self._held = np.concatenate((self._held, audio))
        out, self._held = self._held[: len(audio)], self._held[len(audio) :]
        level = self.parameters[ProcessorParameter.EnhancementLevel]
        return (out * np.float32(1 - level)).astype(np.float32)

    def get_context(self) -> ProcessorContext:
        return ProcessorContext(self)

    def terminate_session(self) -> None:
        self.is_terminated = True

    def _delay(self) -> int:
        return int(self._model._told["delay"])

    def _reset(self) -> None:
        self._held = np.zeros(self._delay(), np.float32)


def get_compatible_model_version() -> int:
    return COMPATIBLE


def get_sdk_version() -> str:
    return "0.25.2"
