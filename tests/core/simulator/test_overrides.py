"""What an address's fragment changes in how it is tried."""

from __future__ import annotations

import pytest

from linecard.simulator.overrides import Policy, split_overrides

POLICY = Policy()


def test_an_address_without_fragment_keeps_the_policy() -> None:
    assert split_overrides("http://h/p?q=1", POLICY) == ("http://h/p?q=1", POLICY)


def test_all_keys() -> None:
    url, policy = split_overrides("http://h/p?q=1#ct=1500&rt=4000&tt=9000&rc=2&rp=4xx,5xx", POLICY)
    assert url == "http://h/p?q=1"
    assert (policy.connect, policy.read, policy.total, policy.retries) == (1.5, 4.0, 9.0, 2)
    assert policy.retries_after("5xx")
    assert not policy.retries_after("ct")


@pytest.mark.parametrize(
    "fragment", ["rc=6", "rc=-1", "ct=50", "rt=99999", "ct=x", "rp=3xx", "er=x"]
)
def test_what_is_out_of_range_changes_nothing(fragment: str) -> None:
    assert split_overrides(f"http://h/#{fragment}", POLICY)[1] == POLICY


def test_all_retries_everything() -> None:
    policy = split_overrides("http://h/#rp=all", POLICY)[1]
    assert all(policy.retries_after(outcome) for outcome in ("4xx", "5xx", "ct", "rt"))
