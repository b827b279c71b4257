from __future__ import annotations

import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from linecard import ConfigurationError, NotFound
from linecard.agents import Agents, registry

HERE = "tests.core.agents.samples"


def _offer(monkeypatch: pytest.MonkeyPatch, *offers: tuple[str, str]) -> None:
    found = [EntryPoint(name, value, registry.GROUP) for name, value in offers]
    monkeypatch.setattr(registry, "entry_points", lambda group: found)


def test_echo_and_greeter_are_always_there() -> None:
    agents = Agents()
    assert {"echo", "greeter"} <= set(agents)
    assert agents.find("echo").has_callbacks
    assert not agents.find("greeter").has_callbacks


def test_specs_have_a_name_or_take_the_functions() -> None:
    agents = Agents([f"{HERE}:wide", f"sales={HERE}:bare", f"kit={HERE}:Kit.inner"])
    assert agents.find("wide").rate == 16000
    assert agents.find("sales").source == f"{HERE}:bare"
    assert set(agents) >= {"wide", "sales", "kit", "echo", "greeter"}


@pytest.mark.parametrize("spec", ["", "x", "x:", ":f", "=m:f", "name="])
def test_a_spec_of_another_form_is_refused(spec: str) -> None:
    with pytest.raises(ConfigurationError, match="module:function"):
        Agents([spec])


@pytest.mark.parametrize("spec", ["no_such_module:f", f"{HERE}:nobody", f"{HERE}:blocking"])
def test_a_spec_that_leads_nowhere_is_refused_and_named(spec: str) -> None:
    with pytest.raises(ConfigurationError, match=spec.replace(".", r"\.")):
        Agents([spec])


@pytest.mark.parametrize(
    ("specs", "first", "second"),
    [
        ([f"a={HERE}:bare", f"a={HERE}:wide"], f"{HERE}:bare", f"{HERE}:wide"),
        ([f"echo={HERE}:bare"], "linecard.agents.echo:Echo", f"{HERE}:bare"),
    ],
)
def test_two_of_one_name_are_refused_and_both_named(
    specs: list[str], first: str, second: str
) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        Agents(specs)
    assert first in str(refusal.value)
    assert second in str(refusal.value)


def test_packages_offer_agents(monkeypatch: pytest.MonkeyPatch) -> None:
    _offer(monkeypatch, ("wide", f"{HERE}:wide"), ("broken", "no_such_module:f"))
    agents = Agents()
    assert agents.find("wide").rate == 16000
    with pytest.raises(ConfigurationError, match="broken"):
        agents.find("broken")


def test_packages_cannot_take_a_name_that_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    _offer(monkeypatch, ("greeter", f"{HERE}:wide"))
    with pytest.raises(ConfigurationError, match="two agents are called greeter"):
        Agents()


def test_an_unknown_name_lists_those_there_are() -> None:
    with pytest.raises(NotFound, match="no agent 'nobody'; there are: echo, greeter, wide"):
        Agents([f"{HERE}:wide"]).find("nobody")


def test_modules_are_found_in_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my_own_agent.py").write_text("async def talk(call):\n    pass\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    try:
        assert Agents(["my_own_agent:talk"]).find("talk").rate is None
    finally:
        sys.modules.pop("my_own_agent", None)
