from __future__ import annotations

import pytest
from tests.core.agents import samples

import linecard
from linecard import ConfigurationError
from linecard.agents.declared import as_agent


@pytest.mark.parametrize(
    ("target", "rate", "has_callbacks"),
    [
        (samples.declared, None, False),
        (samples.wide, 16000, False),
        (samples.bare, None, False),
        (samples.Listening, 24000, True),
    ],
)
def test_what_an_agent_may_be(target: object, rate: int | None, has_callbacks: bool) -> None:
    agent = as_agent("one", "here", target)
    assert (agent.rate, agent.has_callbacks) == (rate, has_callbacks)


@pytest.mark.parametrize("target", [samples.blocking, samples.Deaf, samples.NOTHING, None])
def test_what_it_may_not_be(target: object) -> None:
    with pytest.raises(ConfigurationError, match=r"agent one \(here\)"):
        as_agent("one", "here", target)


def test_an_object_with_an_async_call_is_one() -> None:
    class Callable:
        async def __call__(self, call: linecard.LiveCall) -> None:
            """Nothing."""

    assert not as_agent("one", "here", Callable()).has_callbacks


@pytest.mark.parametrize("rate", [0, 7999, 48001])
def test_an_odd_rate_is_refused(rate: int) -> None:
    with pytest.raises(ConfigurationError, match=str(rate)):
        linecard.agent(rate=rate)


async def test_the_decorator_leaves_a_function_a_function() -> None:
    assert samples.declared.__name__ == "declared"
    assert samples.wide.__doc__ == "On its own rate."
