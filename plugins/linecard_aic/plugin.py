"""The plugin: its hooks, each a line or two."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence

import linecard
from linecard_aic.engine import PACKAGE, Engine
from linecard_aic.settings import from_environment

NAME = "aic"
INSTALL = "pip install 'linecard[aic]'"


class Aic:
    """One for each application; the model is loaded once, in the background of its start."""

    def __init__(self) -> None:
        self._engine: Engine | None = None

    @linecard.hookimpl
    def enhancers(self) -> Sequence[linecard.EnhancerOffer]:
        """`aic`, where the extra is installed; licence and model belong to the process that carries audio."""
        is_there = importlib.util.find_spec(PACKAGE) is not None
        lacking = "" if is_there else f"the package aic-sdk is not installed; {INSTALL}"
        return [linecard.EnhancerOffer(NAME, lacking)]

    @linecard.hookimpl
    def on_start(self) -> None:
        """Load the model where there is one, so that no stream has to wait for it."""
        self._running().load_ahead()

    @linecard.hookimpl
    def enhance(
        self, call: linecard.Call, format: linecard.StreamFormat
    ) -> linecard.Enhancer | None:
        """A processor of its own for every stream, before whatever rate the line has."""
        if call.enhance != NAME:
            return None
        return self._running().enhancer(format.inbound.rate)

    def _running(self) -> Engine:
        if self._engine is None:
            self._engine = Engine(from_environment())
        return self._engine
