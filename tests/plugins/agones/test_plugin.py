"""The plugin behind its hooks: in a server, in a pod, and where it has nothing to do."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
from tests.plugins.agones.calls import a_call
from tests.plugins.agones.conftest import World, set_up
from tests.plugins.agones.fleet import Fleet, State
from tests.plugins.agones.sidecars import sidecars
from tests.plugins.agones.test_tending import POD, Media
from tests.plugins.agones.waiting import until

from linecard import ConfigurationError, PodLease
from linecard.plugins import OtherPlugin, Plugins
from linecard_agones import Agones
from linecard_agones import settings as module
from linecard_agones.plugin import Allocating


def _app(**state: object) -> SimpleNamespace:
    return SimpleNamespace(state=SimpleNamespace(**state))


def _plugins() -> Plugins:
    """This one alone."""
    plugins = Plugins()
    plugins.add(OtherPlugin("agones", Agones(), "linecard", "0"))
    return plugins


@pytest.fixture(autouse=True)
def _nothing_isset_up(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (module.URL, module.SIDECAR_PORT, module.POD):
        monkeypatch.delenv(name, raising=False)


async def test_a_server_gives_pods_and_takes_them_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up(monkeypatch, world.settings)
    agones = Agones()
    assert isinstance(agones, Allocating)
    await agones.on_start(_app(linecard=object()))
    asked = agones.allocate_pod(a_call())
    assert asked is not None
    lease = await asked
    assert lease.address == "10.1.0.1:8080"
    released = agones.release_pod(lease)
    assert released is not None
    await released
    assert agones.release_pod(lease) is None
    await agones.on_stop()
    assert agones.allocate_pod(a_call()) is None
    assert world.fleet.in_state(State.ALLOCATED)[0].state is State.ALLOCATED


@pytest.mark.parametrize("app", [_app(linecard=object()), _app(linecard=None), _app()])
async def test_without_settings_it_does_nothing(app: SimpleNamespace) -> None:
    """A server that gives no pods answers a call faster than one that may: it must not even be asked."""
    plugins = _plugins()
    await plugins.tell_and_wait("on_start", app=app)
    assert not plugins.answers("allocate_pod")
    assert plugins.ask_first("release_pod", lease=PodLease("local", "x")) is None
    await plugins.tell_and_wait("on_stop")


def test_it_comes_through_the_front_door() -> None:
    assert "agones" in {one.name for one in Plugins.discover(strict=True).others}


def test_with_an_allocator_it_answers(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    set_up(monkeypatch, world.settings)
    assert _plugins().answers("allocate_pod")


async def test_a_server_that_is_set_up_wrong_does_not_start(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up(monkeypatch, world.but(client_cert="/nowhere.crt"))
    with pytest.raises(ConfigurationError, match="AGONES_CLIENT_CERT"):
        await Agones().on_start(_app(linecard=object()))


async def test_a_pod_asks_no_allocator(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    set_up(monkeypatch, world.settings)
    agones = Agones()
    assert isinstance(agones, Allocating)
    await agones.on_start(_app(linecard=None, media=Media()))
    assert agones.allocate_pod(a_call()) is None
    await agones.on_stop()


async def test_a_pod_says_ready_and_in_the_end_goodbye(monkeypatch: pytest.MonkeyPatch) -> None:
    fleet = Fleet(1)
    async with sidecars(fleet) as (_, url):
        # The real one stands at the root; ours serves many pods, each below its name.
        monkeypatch.setattr(module, "read_sidecar", lambda _: f"{url}/{POD}")
        monkeypatch.setenv(module.POD, POD)
        agones = Agones()
        await agones.on_start(_app(media=Media()))
        await until(lambda: fleet.in_state(State.READY), "ready")
        await agones.on_stop()
    assert fleet.in_state(State.SHUTDOWN)
    assert fleet.wrong == []


async def test_a_server_beside_a_sidecar_leaves_it_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    fleet = Fleet(1)
    async with sidecars(fleet) as (made, url):
        monkeypatch.setenv(module.SIDECAR_PORT, str(urlsplit(url).port))
        agones = Agones()
        await agones.on_start(_app(linecard=object()))
        await agones.on_stop()
        assert not made.watches
    assert not fleet.servers[POD].said


def test_the_plugin_is_light() -> None:
    """Every command of the command line loads it."""
    script = (
        "import sys, linecard_agones; "
        "print(sorted({'httpx2', 'ssl', 'msgspec'} & set(sys.modules)))"
    )
    before = "import sys, linecard; print(sorted({'httpx2', 'ssl', 'msgspec'} & set(sys.modules)))"
    loaded = [
        subprocess.run([sys.executable, "-c", one], capture_output=True, text=True, check=True)
        for one in (script, before)
    ]
    assert loaded[0].stdout == loaded[1].stdout
    assert "httpx2" not in loaded[0].stdout
