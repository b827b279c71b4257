"""Tables that people wrote, held to the code: settings, dependencies, routes of the API, hooks."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import MISSING, Field, fields
from typing import Any

import pytest
from docs.listings import declaration, own_providers

from linecard.events import AgentEvent
from linecard.exchange.lifecycle import build_dialer, build_exchange
from linecard.exchange.serverside import server_of
from linecard.hookspecs import PluginHooks, ProviderHooks
from linecard.http.api import build_api
from linecard.http.api.models import CallIn
from linecard.plugins import Plugins
from linecard.plugins.specs import PLUGIN, PROVIDER
from linecard.pricing.files import PriceBook
from linecard.settings import Settings, load_settings
from linecard.settings.rules import REQUIRED, RULES
from linecard.settings.sources import CONFIG_VARIABLE, PREFIX
from tests.docs.pages import ROOT, blocks, headings, rows, ticked

DOCS = ROOT / "docs"
WORDS = {
    None: {"none", "our own", "beside the database", "the registered numbers'", "Plivo's own"},
    (): {"nobody", "none"},
}


def _default(field: Field[Any]) -> object:
    return field.default_factory() if field.default_factory is not MISSING else field.default


def _says(cell: str, field: Field[Any]) -> bool:
    """Whether a cell of the column `default` says what the code does."""
    default = _default(field)
    if default is MISSING:
        return cell == "required"
    if default is None or default == ():
        return cell in WORDS[default]
    if default == {}:
        return cell in {"none", "`{}`"}
    if isinstance(default, bool):
        return cell == ("yes" if default else "no")
    return cell == f"`{default}`"


def _compare(heading: str, prefix: str, declared: Iterable[Field[Any]]) -> None:
    told = {ticked(row[0])[0]: row[2] for row in rows(DOCS / "settings.md", heading)}
    known = {f"{prefix}{field.name.upper() if prefix else field.name}": field for field in declared}
    assert told.keys() == known.keys()
    for name, field in known.items():
        assert _says(told[name], field), f"{name}: {told[name]} is not {_default(field)!r}"


def test_every_setting_is_told_with_its_default() -> None:
    _compare("Linecard", PREFIX, [one for one in fields(Settings) if one.name != "accounts"])
    assert {one.name for one in fields(Settings)} - {"accounts"} == set(RULES)
    assert {one.name for one in fields(Settings) if _default(one) is MISSING} == set(REQUIRED)
    assert f"`{CONFIG_VARIABLE}`" in (DOCS / "settings.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("provider", own_providers())
def test_every_setting_and_option_of_a_provider_is_told(provider: str) -> None:
    cls = own_providers()[provider]
    title = provider.capitalize()
    _compare(title, f"{provider.upper()}_", fields(cls.settings))
    _compare(f"Options of a number on {title}", "", fields(cls.options))


def test_a_wrong_default_would_be_seen() -> None:
    limit = next(one for one in fields(Settings) if one.name == "max_live_calls")
    assert _says("`1000`", limit)
    assert not _says("`999`", limit)


def _packages(requirements: Iterable[str]) -> set[str]:
    return {re.split(r"[\[<>=;,\s]", requirement)[0] for requirement in requirements}


@pytest.mark.parametrize(("heading", "extra"), [("To run", None), ("To test", "test")])
def test_every_dependency_has_its_line(heading: str, extra: str | None) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = project["optional-dependencies"][extra] if extra else project["dependencies"]
    told = {ticked(row[0])[0]: row[1] for row in rows(DOCS / "dependencies.md", heading)}
    assert told.keys() == _packages(wanted)
    assert all(told.values())


def test_every_extra_has_a_heading() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert len(project["optional-dependencies"]) + 1 == len(headings(DOCS / "dependencies.md")) - 1


def test_every_route_of_the_api_is_told() -> None:
    text = (DOCS / "api.md").read_text(encoding="utf-8")
    told = set(re.findall(r"^\| `([A-Z]+)` \| `([^`]+)` \|", text, re.MULTILINE))
    assert told == _routes()


def test_every_field_of_a_call_to_place_is_told_with_its_default() -> None:
    told = {ticked(row[0])[0]: row[1] for row in rows(DOCS / "api.md", "Placing a call")}
    known = {one.alias or name: one for name, one in CallIn.model_fields.items()}
    assert told.keys() == known.keys()
    for name, one in known.items():
        if one.is_required():
            assert told[name] == "required"
        elif one.default_factory is None and one.default is not None:
            assert told[name] == f"`{one.default}`"


def _routes() -> set[tuple[str, str]]:
    plugins = Plugins()
    environment = {
        "LINECARD_PUBLIC_URL": "http://127.0.0.1:8080",
        "LINECARD_API_KEY": "k" * 16,
        "LINECARD_SECRET": "s" * 32,
    }
    exchange = build_exchange(load_settings(environment, {}, None), plugins, ())
    dialer, book = build_dialer(exchange), PriceBook()
    api = build_api(exchange, dialer, server_of(exchange, dialer, book), book, "0").openapi()
    return {(method.upper(), f"/api{path}") for path, one in api["paths"].items() for method in one}


def test_the_layers_are_those_that_are_enforced() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    layers = next(one["layers"] for one in contracts if one["type"] == "layers")
    told = [line.replace("linecard.", "") for line in layers]
    assert "\n".join(told) + "\n" in blocks(DOCS / "architecture.md", "")


def test_every_part_of_core_is_on_the_map() -> None:
    (told,) = (text for text in blocks(DOCS / "architecture.md", "") if "core/linecard/" in text)
    parts = [path for path in (ROOT / "core" / "linecard").iterdir() if path.suffix in ("", ".py")]
    names = [
        path.name + ("/" if path.is_dir() else "") for path in parts if path.name != "__pycache__"
    ]
    assert not [name for name in names if not re.search(rf"\b{re.escape(name)}", told)]


@pytest.mark.parametrize("hook", [*PROVIDER, *PLUGIN])
def test_every_hook_has_a_heading_with_its_exact_signature(hook: str) -> None:
    specs = ProviderHooks if hook in PROVIDER else PluginHooks
    assert headings(DOCS / "hooks.md").count(hook) == 1
    assert f"{declaration(specs, hook)}\n" in blocks(DOCS / "hooks.md", "python")


def test_every_event_of_an_agent_is_told_with_its_fields() -> None:
    told = {
        ticked(row[0])[0]: ticked(row[1]) for row in rows(DOCS / "writing-an-agent.md", "Events")
    }
    known = {
        cls.__name__: [one.name for one in fields(cls)]  # type: ignore[arg-type]
        for cls in AgentEvent.__subclasses__()
    }
    assert told == known
