"""Plugins are found by their entry points; a broken one is listed with the reason."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint, distributions
from pathlib import Path
from textwrap import dedent

import pytest
from structlog.testing import capture_logs

from linecard import Secret
from linecard.errors import PluginError, UnsupportedByProvider
from linecard.plugins import Plugins, capabilities, describe, hooks_to_do
from linecard.settings import AccountSettings


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on the import path, for distributions made by a test."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def install(site: Path, name: str, code: str, points: str, version: str = "1.0") -> None:
    """A distribution as pip would leave it: a module and its dist-info."""
    (site / f"{name}.py").write_text(HEAD + dedent(code))
    info = site / f"{name}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (info / "entry_points.txt").write_text(f"[linecard]\n{points}\n")


HEAD = """
from dataclasses import dataclass
import linecard
from linecard import hookimpl

@dataclass(frozen=True)
class Settings:
    token: linecard.Secret

class Base:
    settings = Settings
    def __init__(self, account, settings):
        self.account = account
"""
PROVIDER = """
class Provider(Base):
    @hookimpl
    def format_number(self, number, field):
        return f"{self.account} {number}"
"""


def points(site: Path, reverse: bool = False) -> list[EntryPoint]:
    """The entry points of the distributions in a folder."""
    found = [point for one in distributions(path=[str(site)]) for point in one.entry_points]
    return sorted(found, key=lambda point: str(point.dist and point.dist.name), reverse=reverse)


class TestDiscovery:
    def test_a_provider_in_a_separate_distribution_is_found_by_its_entry_point(
        self, site: Path
    ) -> None:
        install(site, "linecard_zeta", PROVIDER, "zeta = linecard_zeta:Provider", "2.5")
        plugins = Plugins.discover()
        found = plugins.providers["zeta"]
        assert (found.distribution, found.version) == ("linecard_zeta", "2.5")
        values = found.cls.settings(Secret("t"))
        zeta = AccountSettings(provider="zeta", name="main", values=values)
        plugins.open_accounts({"zeta": [zeta]})
        assert plugins.relay("zeta").hooks.format_number("+1", "to") == "main +1"

    @pytest.mark.parametrize("reverse", [False, True])
    def test_two_of_one_name_are_refused_with_both_distributions(
        self, site: Path, reverse: bool
    ) -> None:
        install(site, "linecard_one", PROVIDER, "zeta = linecard_one:Provider")
        install(site, "linecard_two", PROVIDER, "zeta = linecard_two:Provider", "3.0")
        with pytest.raises(PluginError, match=r"'zeta'.*linecard_one 1\.0.*linecard_two 3\.0"):
            Plugins.discover(points(site, reverse))

    def test_one_distribution_seen_twice_is_one(self, site: Path) -> None:
        install(site, "linecard_one", PROVIDER, "zeta = linecard_one:Provider")
        assert list(Plugins.discover(points(site) * 2).providers) == ["zeta"]

    @pytest.mark.parametrize(
        ("code", "reason"),
        [
            ("import a_module_that_is_not_there", "ModuleNotFoundError.*a_module_that"),
            ("raise SystemExit(3)", "SystemExit"),
            ("Other = Base", "AttributeError.*Provider"),
            ("class Provider(Base): pass", "no hook of Linecard"),
            (
                """
                class Provider(Base):
                    @hookimpl
                    def hangup(self, call): ...
                """,
                "there is no hook hangup; did you mean hang_up",
            ),
            (
                """
                class Provider(Base):
                    @hookimpl
                    def hang_up(self, the_call): ...
                """,
                r"hang_up takes the_call, and the hook has only \(call\)",
            ),
            (
                """
                class Provider(Base):
                    @hookimpl
                    def hang_up(self, call, **more): ...
                """,
                r"hang_up takes \*\*more",
            ),
            (
                """
                class Provider(Base):
                    @hookimpl
                    def send_digits(self, call, digits="1"): ...
                """,
                "send_digits has a default for digits",
            ),
            (
                """
                class Provider(Base):
                    @hookimpl
                    async def format_number(self, number, field): ...
                """,
                "format_number must not be async",
            ),
            (
                """
                class Provider(Base):
                    @hookimpl
                    def facts(self): ...
                """,
                "facts must be a static method",
            ),
            (
                """
                class Provider(Base):
                    @staticmethod
                    @hookimpl
                    def stream_profiles():
                        raise LookupError("no profiles today")
                """,
                "cannot be read: LookupError: no profiles today",
            ),
            (
                """
                class Provider(Base):
                    @staticmethod
                    @hookimpl
                    def stream_profiles():
                        return []
                """,
                "stream_profiles names no profile",
            ),
            (PROVIDER + "\n    settings = None", "declares no `settings`"),
            (PROVIDER + "\n    __hash__ = None", "must be hashable"),
            (PROVIDER + "\nProvider = Provider('main', None)", "a provider must be a class"),
            (
                """
                class Provider:
                    @hookimpl
                    def call_event(self, event): ...
                    def __init__(self):
                        raise LookupError("no licence")
                """,
                "cannot be made: LookupError: no licence",
            ),
            (
                """
                class Provider:
                    @hookimpl
                    async def call_event(self, event): ...
                """,
                "call_event must not be async",
            ),
        ],
    )
    def test_a_broken_plugin_is_skipped_with_the_reason_and_the_others_load(
        self, site: Path, code: str, reason: str
    ) -> None:
        install(site, "linecard_bad", code, "bad = linecard_bad:Provider")
        install(site, "linecard_good", PROVIDER, "good = linecard_good:Provider")
        plugins = Plugins.discover(points(site))
        assert list(plugins.providers) == ["good"]
        (skipped,) = plugins.skipped
        assert (skipped.name, skipped.distribution) == ("bad", "linecard_bad")
        assert re.search(reason, skipped.reason)
        with pytest.raises(PluginError, match=r"bad \(linecard_bad\)"):
            Plugins.discover(points(site), strict=True)

    @pytest.mark.parametrize("name", ["ws", "api", "Zeta", "a:b", "metrics"])
    def test_a_name_that_no_route_can_have_is_skipped(self, site: Path, name: str) -> None:
        install(site, "linecard_one", PROVIDER, "")
        point = EntryPoint(name, "linecard_one:Provider", "linecard")
        (skipped,) = Plugins.discover([point]).skipped
        assert "cannot be a plugin's name" in skipped.reason
        assert skipped.distribution == "no distribution"

    def test_a_hook_that_is_to_do_is_lacking_and_makes_a_provider(self, site: Path) -> None:
        code = """
        class Provider(Base):
            @staticmethod
            @linecard.to_do
            def facts(): ...
            @linecard.to_do
            async def place_call(self, order): ...
            @linecard.to_do
            def of_its_own(self): ...
        """
        install(site, "linecard_young", code, "young = linecard_young:Provider")
        plugins = Plugins.discover(points(site), strict=True)
        cls = plugins.providers["young"].cls
        assert capabilities(cls) == {"-": frozenset()}
        assert hooks_to_do(cls) == {"facts", "place_call"}
        account = AccountSettings(provider="young", name="main", values=cls.settings(Secret("t")))
        plugins.open_accounts({"young": [account]})
        with pytest.raises(UnsupportedByProvider, match="young does not support place_call"):
            plugins.relay("young").require("place_call")

    def test_modules_objects_and_classes_may_be_plugins(self, site: Path) -> None:
        code = """
        class Watcher:
            @hookimpl
            def routes(self):
                return ["class"]

        class Made:
            @hookimpl
            def routes(self):
                return ["object"]

        made = Made()

        @hookimpl
        def routes():
            return ["module"]
        """
        names = "a = linecard_w:Watcher\nb = linecard_w:made\nc = linecard_w"
        install(site, "linecard_w", code, names)
        plugins = Plugins.discover(points(site), strict=True)
        assert [one.name for one in plugins.others] == ["a", "b", "c"]
        assert sorted(plugins.ask_all_flat("routes")) == ["class", "module", "object"]

    def test_a_slow_import_is_reported(self, site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("linecard.plugins.discovery.SLOW_SECONDS", 0.0)
        install(site, "linecard_one", PROVIDER, "zeta = linecard_one:Provider")
        with capture_logs() as logs:
            Plugins.discover(points(site))
        assert [(line["plugin"], line["log_level"]) for line in logs] == [("zeta", "warning")]


class TestListing:
    def test_a_provider_without_profiles_has_one_line(self, site: Path) -> None:
        install(site, "linecard_one", PROVIDER, "zeta = linecard_one:Provider")
        plugins = Plugins.discover(points(site))
        assert capabilities(plugins.providers["zeta"].cls) == {"-": {"format_number"}}

    def test_everything_installed_has_a_row(self, site: Path) -> None:
        watcher = """
        class Watcher:
            @hookimpl
            def routes(self):
                return []
            @hookimpl(wrapper=True)
            def hang_up(self):
                return (yield)
        """
        install(site, "linecard_one", PROVIDER, "zeta = linecard_one:Provider")
        install(site, "linecard_two", watcher, "watch = linecard_two:Watcher", "2.0")
        install(site, "linecard_bad", "1 / 0", "bad = linecard_bad:Provider")
        rows = describe(Plugins.discover(points(site)))
        assert [(row.name, row.kind, row.distribution, row.version) for row in rows] == [
            ("zeta", "provider", "linecard_one", "1.0"),
            ("watch", "plugin", "linecard_two", "2.0"),
            ("bad", "skipped", "linecard_bad", ""),
        ]
        assert rows[0].hooks == {"-": {"format_number"}}
        assert rows[1].hooks == {"-": {"routes", "hang_up"}}
        assert "ZeroDivisionError" in rows[2].reason
