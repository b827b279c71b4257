"""Which enhancer a name means, and what is said where it means none."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from tests.core.live.world import CALL

import linecard
from linecard.enhancing import enhancers
from linecard.enhancing.enhancers import Offered
from linecard.errors import InvalidField
from linecard.plugins import Plugins, Skipped
from linecard.plugins.discovery import OtherPlugin


class Toys:
    """Offers two, of which one lacks something."""

    @linecard.hookimpl
    def enhancers(self) -> Sequence[linecard.EnhancerOffer]:
        return [linecard.EnhancerOffer("a"), linecard.EnhancerOffer("b", "buy one")]

    @linecard.hookimpl
    def enhance(
        self, call: linecard.Call, format: linecard.StreamFormat
    ) -> linecard.Enhancer | None:
        raise AssertionError("nobody asks it here")


class Silent:
    """Answers `enhance` alone, and is never asked for what another offers."""

    @linecard.hookimpl
    def enhance(self, call: linecard.Call) -> linecard.Enhancer | None:
        raise AssertionError("it offers nothing")


def plugins() -> Plugins:
    found = Plugins(skipped=[Skipped("c", "strangers", "it cannot be imported: no module c")])
    found.add(OtherPlugin("toys", Toys(), "tests", "0"))
    found.add(OtherPlugin("silent", Silent(), "tests", "0"))
    return found


def test_what_is_offered_is_told_with_what_it_lacks() -> None:
    assert enhancers.offered(plugins()) == {
        "a": Offered("a", "toys", ""),
        "b": Offered("b", "toys", "buy one"),
    }


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("b", "b cannot be used here: buy one"),
        ("c", "'c' is skipped: it cannot be imported: no module c; there are: a, b"),
        ("d", "'d' is no enhancer; there are: a, b"),
    ],
)
def test_what_is_not_to_be_had_is_refused_by_its_field(name: str, why: str) -> None:
    with pytest.raises(InvalidField) as raised:
        enhancers.check(plugins(), name)
    assert (raised.value.field, raised.value.message) == ("enhance", why)


def test_none_and_what_there_is_are_right() -> None:
    enhancers.check(plugins(), None)
    enhancers.check(plugins(), "a")
    with pytest.raises(InvalidField, match="there are: none"):
        enhancers.check(Plugins(), "a")


def test_one_plugin_is_asked_and_no_other() -> None:
    line = linecard.same_both_ways(linecard.AudioFormat(linecard.Encoding.PCMU, 8000))
    assert plugins().ask_one("enhance", "nobody", call=CALL, format=line) is None
    with pytest.raises(AssertionError, match="nobody asks it here"):
        plugins().ask_one("enhance", "toys", call=CALL, format=line)
