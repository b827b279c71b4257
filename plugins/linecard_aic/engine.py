"""The SDK: its model, loaded once for all streams, and a processor for each."""

from __future__ import annotations

import importlib
import threading
from typing import TYPE_CHECKING, Any

import structlog

from linecard import Blockwise, Enhancer, LinecardError
from linecard_aic.errors import in_words
from linecard_aic.settings import LICENCE, MODEL, AicSettings

if TYPE_CHECKING:
    from types import ModuleType

log = structlog.get_logger()

PACKAGE = "aic_sdk"


class Engine:
    """Safe from any thread; a model that could not be loaded is tried again with the next stream."""

    def __init__(self, settings: AicSettings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._model: Any = None

    def load_ahead(self) -> None:
        """Load the model in a thread, where it is set; what fails is logged, and said on each call."""
        if self._settings.model is not None:
            threading.Thread(target=self._try_to_load, name="aic model", daemon=True).start()

    def enhancer(self, line_rate: int) -> Enhancer:
        """A processor before a line of `line_rate`. Raises LinecardError that says what to do."""
        try:
            return self._opened(line_rate)
        except LinecardError:
            raise
        except Exception as error:
            raise LinecardError(in_words(error)) from error

    def _opened(self, line_rate: int) -> Enhancer:
        from linecard_aic.processing import Processing  # numpy comes with it

        sdk, model = self._loaded()
        if self._settings.licence is None:
            raise LinecardError(f"{LICENCE} is not set: it is the licence key of ai-coustics")
        config = sdk.ProcessorConfig.optimal(model)
        # Telemetry is off whatever AIC_SDK_OTEL_ENABLE says.
        quiet = sdk.OtelConfig(enable=False)
        processor = sdk.Processor(model, self._settings.licence.reveal(), config, quiet)
        context = processor.get_context()
        if self._settings.level is not None:
            context.set_parameter(sdk.ProcessorParameter.EnhancementLevel, self._settings.level)
        processing = Processing(processor)
        return Blockwise(
            line_rate,
            rate=config.sample_rate,
            block=config.block_size,
            lag=context.get_audio_delay(),
            work=processing.work,
            close=processing.close,
        )

    def _loaded(self) -> tuple[ModuleType, Any]:
        if self._settings.model is None:
            raise LinecardError(f"{MODEL} is not set: it is the path of a model's file (.aicmodel)")
        with self._lock:
            sdk = importlib.import_module(PACKAGE)
            if self._model is None:
                self._model = sdk.Model.from_file(self._settings.model)
            return sdk, self._model

    def _try_to_load(self) -> None:
        try:
            self._loaded()
        except Exception as error:
            log.exception("the model of aic could not be loaded", why=in_words(error))
