"""Plugins: registered whole or not at all, and called through one relay per account."""

from __future__ import annotations

from collections.abc import Awaitable, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from structlog.testing import capture_logs

import linecard
from linecard import Call, Secret, StreamProfile
from linecard.errors import ConfigurationError, NotFound, PluginError, UnsupportedByProvider
from linecard.hookspecs import hookimpl
from linecard.plugins import OtherPlugin, Plugins, ProviderPlugin, Relay, capabilities
from linecard.settings import AccountSettings

LINE = linecard.same_both_ways(linecard.AudioFormat(linecard.Encoding.PCMU, 8000))
CHUNK = linecard.ChunkRule(multiple=160, smallest=160, largest=1600)
CALL: Any = "a call"


@dataclass(frozen=True, slots=True)
class AcmeSettings:
    token: Secret
    api_url: str = "https://api.acme.example"


class Acme:
    """A small provider whose answers say which account gave them."""

    settings = AcmeSettings

    def __init__(self, account: str, settings: AcmeSettings) -> None:
        if settings.token.reveal() == "refused":
            raise ConfigurationError("the token is refused")
        if settings.token.reveal() == "broken":
            raise LookupError("no such thing")
        self.account = account
        self._token = settings.token

    @staticmethod
    @hookimpl
    def stream_profiles() -> Sequence[StreamProfile]:
        return (
            StreamProfile(name="flow", format=LINE, chunk=CHUNK),
            StreamProfile(name="connect", format=LINE, chunk=CHUNK, lacks=frozenset({"transfer"})),
        )

    @hookimpl
    async def send_digits(self, call: Call, digits: str) -> None:
        if digits == "?":
            raise LookupError(self.account)

    @hookimpl
    async def start_recording(self, call: Call, order: object) -> str:
        return f"{self.account} {self._token.reveal()} {call} {order}"

    @hookimpl
    def format_number(self, number: str, field: str) -> str:
        return f"{self.account}:{field}:{number}"

    @hookimpl
    async def transfer(self, call: Call, order: object) -> str:
        return "moved"

    @hookimpl
    def normalise_number(self, text: str, field: str, country: str | None) -> str | None:
        return None


def plugins_with(**tokens: str) -> Plugins:
    """Plugins with one account of Acme for every token."""
    plugins = Plugins([ProviderPlugin("acme", Acme, "linecard-acme", "1.0")])
    plugins.open_accounts(accounts(**tokens))
    return plugins


def accounts(**tokens: str) -> dict[str, list[AccountSettings]]:
    return {"acme": [account(name, token) for name, token in tokens.items()]}


def account(name: str, token: str, api_url: str = "https://api.acme.example") -> AccountSettings:
    values = AcmeSettings(Secret(token), api_url)
    return AccountSettings(provider="acme", name=name, values=values)


def other(plugin: object, name: str = "watcher") -> OtherPlugin:
    return OtherPlugin(name, plugin, "linecard-watcher", "1.0")


def relay(plugins: Plugins, name: str | None = None) -> Relay:
    return plugins.relay("acme", name)


class TestRelay:
    async def test_every_account_answers_for_itself_alone(self) -> None:
        plugins = plugins_with(main="t1", sales="t2", support="t3")
        for name, token in (("main", "t1"), ("sales", "t2"), ("support", "t3")):
            asked = relay(plugins, name)
            assert (asked.provider, asked.account) == ("acme", name)
            said = await asked.hooks.start_recording(CALL, "order")  # type: ignore[arg-type]
            assert said == f"{name} {token} a call order"
            assert asked.hooks.format_number("+1", field="to") == f"{name}:to:+1"

    def test_arguments_are_as_the_contract_says(self) -> None:
        hooks: Any = relay(plugins_with(main="t")).hooks
        assert hooks.format_number(field="to", number="+1") == "main:to:+1"
        with pytest.raises(TypeError, match="field"):
            hooks.format_number("+1")
        with pytest.raises(TypeError, match="too many"):
            hooks.format_number("+1", "to", "more")
        with pytest.raises(TypeError, match="colour"):
            hooks.format_number("+1", field="to", colour="red")

    def test_none_is_an_answer(self) -> None:
        hooks = relay(plugins_with(main="t")).hooks
        assert hooks.normalise_number("anonymous", "from", None) is None

    async def test_what_a_hook_raises_is_what_the_caller_gets(self) -> None:
        hooks = relay(plugins_with(main="t")).hooks
        with pytest.raises(LookupError, match="main"):
            await hooks.send_digits(CALL, "?")

    def test_a_hook_that_is_not_there_is_refused_before_anything(self) -> None:
        asked = relay(plugins_with(main="t"))
        with pytest.raises(UnsupportedByProvider, match="acme does not support hang_up"):
            asked.hooks.hang_up(CALL)
        with pytest.raises(AttributeError, match="hangup"):
            asked.hooks.hangup  # type: ignore[attr-defined]  # noqa: B018

    def test_support_is_by_hook_and_by_profile(self) -> None:
        asked = relay(plugins_with(main="t"))
        assert asked.supports("transfer")
        assert asked.supports("transfer", "flow")
        assert not asked.supports("transfer", "connect")
        assert asked.supports("send_digits", "connect")
        assert not asked.supports("hang_up", "flow")
        asked.require("transfer", "flow")
        with pytest.raises(UnsupportedByProvider, match=r"acme \(stream profile connect\)"):
            asked.require("transfer", "connect")

    def test_the_account_asked_for_must_be_configured(self) -> None:
        plugins = plugins_with(main="t", sales="t")
        with pytest.raises(NotFound, match="configured: acme:main, acme:sales"):
            relay(plugins, "support")
        with pytest.raises(NotFound, match="other:main"):
            plugins.relay("other")

    def test_without_a_name_it_is_the_only_account_or_main(self) -> None:
        assert relay(plugins_with(sales="t")).account == "sales"
        assert relay(plugins_with(sales="t", main="t")).account == "main"
        with pytest.raises(NotFound, match="configured: acme:sales, acme:support"):
            relay(plugins_with(sales="t", support="t"))


class TestWrappers:
    async def test_a_wrapper_around_an_async_hook_takes_and_gives_an_awaitable(self) -> None:
        class Shouting:
            @hookimpl(wrapper=True)
            def start_recording(
                self, call: Call
            ) -> Generator[None, Awaitable[str], Awaitable[str]]:
                begun = yield

                async def louder() -> str:
                    return (await begun).upper()

                return louder()

        plugins = Plugins([ProviderPlugin("acme", Acme, "linecard-acme", "1.0")])
        plugins.add(other(Shouting()))
        plugins.open_accounts(accounts(main="t1", sales="t2"))
        said = await relay(plugins, "sales").hooks.start_recording(CALL, "x")  # type: ignore[arg-type]
        assert said == "SALES T2 A CALL X"

    def test_a_wrapper_is_no_capability(self) -> None:
        class Around:
            @hookimpl(wrapper=True)
            def hang_up(self) -> Iterator[None]:
                return (yield)

        plugins = Plugins([ProviderPlugin("acme", Acme, "linecard-acme", "1.0")])
        plugins.add(other(Around()))
        plugins.open_accounts(accounts(main="t"))
        asked = relay(plugins)
        assert not asked.supports("hang_up")
        with pytest.raises(UnsupportedByProvider):
            asked.hooks.hang_up(CALL)


class TestOpening:
    def test_nobody_comes_late(self) -> None:
        plugins = plugins_with(main="t")
        with pytest.raises(PluginError, match="acme:sales comes too late"):
            plugins.open_accounts(accounts(sales="t"))
        with pytest.raises(PluginError, match="watcher comes too late"):
            plugins.add(other(Watcher()))
        assert plugins.accounts("acme") == ("main",)
        assert plugins.others == ()

    @pytest.mark.parametrize(
        ("token", "kind", "reason"),
        [
            ("refused", ConfigurationError, "acme:sales: the token is refused"),
            ("broken", PluginError, "acme:sales cannot be opened.*no such thing"),
        ],
    )
    async def test_an_account_that_fails_takes_all_of_them_back(
        self, token: str, kind: type[Exception], reason: str
    ) -> None:
        plugins = Plugins([ProviderPlugin("acme", Acme, "linecard-acme", "1.0")])
        with pytest.raises(kind, match=reason):
            plugins.open_accounts(accounts(main="t1", sales=token))
        assert plugins.accounts("acme") == ()
        plugins.open_accounts(accounts(main="t2"))
        said = await relay(plugins).hooks.start_recording(CALL, "x")  # type: ignore[arg-type]
        assert said == "main t2 a call x"

    def test_an_account_needs_its_provider(self) -> None:
        with pytest.raises(PluginError, match="acme:main is of a provider that is not installed"):
            Plugins().open_accounts(accounts(main="t"))

    def test_two_accounts_of_one_name_are_refused(self) -> None:
        plugins = Plugins([ProviderPlugin("acme", Acme, "linecard-acme", "1.0")])
        with pytest.raises(PluginError, match="acme:main"):
            plugins.open_accounts({"acme": [account("main", "a"), account("main", "b")]})

    def test_an_account_with_another_api_is_called_simulated(self) -> None:
        plugins = Plugins([ProviderPlugin("acme", Acme, "linecard-acme", "1.0")])
        simulated = account("test", "t", api_url="http://127.0.0.1:9000")
        plugins.open_accounts({"acme": [account("main", "t"), simulated]})
        assert plugins.api_kind("acme", "main") == "carrier"
        assert plugins.api_kind("acme", "test") == "simulated"


class Watcher:
    """Joins in everything that a plugin may join in."""

    def __init__(self, name: str = "one", fail: bool = False, veto: str | None = None) -> None:
        self.name = name
        self.heard: list[object] = []
        self._fail = fail
        self._veto = veto

    @hookimpl
    def call_event(self, event: object) -> None:
        self._hear(event)

    @hookimpl
    async def on_start(self, app: object) -> None:
        self._hear(app)

    @hookimpl
    def on_stop(self) -> None:
        self._hear("stop")

    @hookimpl
    async def may_dial(self, call: Call) -> str | None:
        return self._veto

    @hookimpl
    def routes(self) -> Sequence[object]:
        self._hear("routes")
        return [f"{self.name}/a", f"{self.name}/b"]

    def _hear(self, what: object) -> None:
        self.heard.append(what)
        if self._fail:
            raise LookupError("broken watcher")


class TestAsking:
    def watched(self, *watchers: Watcher) -> Plugins:
        plugins = Plugins()
        for watcher in watchers:
            plugins.add(other(watcher, watcher.name))
        return plugins

    @pytest.mark.parametrize("broken", [0, 1, 2])
    async def test_one_that_fails_keeps_nothing_from_the_others(self, broken: int) -> None:
        watchers = [Watcher(f"w{n}", fail=n == broken) for n in range(3)]
        plugins = self.watched(*watchers)
        with capture_logs() as logs:
            plugins.tell("call_event", event="ended", call=CALL)
            await plugins.tell_and_wait("on_start", app="app")
            await plugins.tell_and_wait("on_stop")
        assert [watcher.heard for watcher in watchers] == [["ended", "app", "stop"]] * 3
        assert [(line["plugin"], line["hook"]) for line in logs] == [
            (f"w{broken}", hook) for hook in ("call_event", "on_start", "on_stop")
        ]

    async def test_everybody_is_asked_and_named(self) -> None:
        plugins = self.watched(Watcher("w1", veto="no"), Watcher("w2"), Watcher("w3", veto="never"))
        said = await plugins.ask_each("may_dial", call=CALL, connection=None)
        assert sorted(said) == [("w1", "no"), ("w3", "never")]

    def test_lists_are_joined(self) -> None:
        plugins = self.watched(Watcher("w1"), Watcher("w2"))
        assert sorted(plugins.ask_all_flat("routes")) == ["w1/a", "w1/b", "w2/a", "w2/b"]
        assert plugins.ask_all("commands") == []

    def test_a_question_that_fails_names_the_plugin(self) -> None:
        with pytest.raises(PluginError, match=r"w2 failed in routes.*broken watcher"):
            self.watched(Watcher("w1"), Watcher("w2", fail=True)).ask_all("routes")

    async def test_the_first_who_says_something_is_enough(self) -> None:
        class Pods:
            @hookimpl
            async def allocate_pod(self, call: Call) -> object:
                return "lease"

        plugins = Plugins()
        assert plugins.ask_first("allocate_pod", call=CALL) is None
        plugins.add(other(Pods()))
        assert await plugins.ask_first("allocate_pod", call=CALL) == "lease"

    def test_a_plugin_with_a_fault_leaves_nothing_behind(self) -> None:
        class Half:
            def __init__(self) -> None:
                self.heard: list[object] = []

            @hookimpl
            def call_event(self, event: object) -> None:
                self.heard.append(event)

            @hookimpl
            def zzz_event(self, event: object) -> None:
                """No such hook."""

        plugins, half = Plugins(), Half()
        with pytest.raises(PluginError, match="no hook zzz_event"):
            plugins.add(other(half))
        with pytest.raises(PluginError, match="cannot be registered"):
            plugins._registered.add(half, "half")
        plugins.tell("call_event", event="ended", call=CALL)
        assert half.heard == []
        assert plugins.others == ()


def test_capabilities_are_read_off_the_class() -> None:
    hooks = {
        "stream_profiles",
        "send_digits",
        "start_recording",
        "format_number",
        "transfer",
        "normalise_number",
    }
    assert capabilities(Acme) == {"flow": hooks, "connect": hooks - {"transfer"}}


def test_no_plugin_is_registered_anywhere_but_in_its_application() -> None:
    one, two = plugins_with(main="t1"), plugins_with(main="t2", sales="t3")
    assert one.accounts("acme") == ("main",)
    assert two.accounts("acme") == ("main", "sales")
