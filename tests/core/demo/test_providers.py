"""Whose simulated carrier plays."""

from __future__ import annotations

import pytest

from linecard.demo.providers import pick_provider, simulated
from linecard.errors import ConfigurationError
from linecard.plugins import Plugins


def test_the_first_that_has_one_is_the_default() -> None:
    plugins = Plugins.discover()
    first = sorted(plugins.providers)[0]
    assert pick_provider(plugins, None) == first
    assert simulated(plugins, first).name == first


def test_one_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(ConfigurationError, match=r"nobody .* simulated are: exotel, plivo"):
        pick_provider(Plugins.discover(), "nobody")


def test_without_any_provider_there_is_nothing_to_play() -> None:
    with pytest.raises(ConfigurationError, match="none"):
        pick_provider(Plugins(), None)
