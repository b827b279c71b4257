"""Settings: read once, half of it is an error, and every error says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.docs.pages import rows, ticked

from linecard import ConfigurationError
from linecard_agones import settings as module
from linecard_agones.settings import AllocatorSettings, read_allocator, read_sidecar

WHOLE = {
    "AGONES_ALLOCATOR_URL": "https://agones-allocator.agones-system.svc.cluster.local/",
    "AGONES_FLEET": "linecard-media",
    "AGONES_CLIENT_CERT": "/etc/agones/tls.crt",
    "AGONES_CLIENT_KEY": "/etc/agones/tls.key",
}
PAGE = Path(__file__).parents[3] / "docs" / "kubernetes.md"


def test_what_is_set_is_read() -> None:
    assert read_allocator(WHOLE) == AllocatorSettings(
        url="https://agones-allocator.agones-system.svc.cluster.local",
        fleet="linecard-media",
        client_cert="/etc/agones/tls.crt",
        client_key="/etc/agones/tls.key",
    )
    more = {**WHOLE, "AGONES_NAMESPACE": "calls", "AGONES_CA": "/etc/agones/ca.crt"}
    read = read_allocator(more)
    assert read is not None
    assert (read.namespace, read.ca) == ("calls", "/etc/agones/ca.crt")


@pytest.mark.parametrize("url", [None, "", "  "])
def test_without_an_address_there_is_no_allocator(url: str | None) -> None:
    rest = {name: value for name, value in WHOLE.items() if name != "AGONES_ALLOCATOR_URL"}
    assert read_allocator(rest if url is None else {**rest, "AGONES_ALLOCATOR_URL": url}) is None


@pytest.mark.parametrize("name", ["AGONES_FLEET", "AGONES_CLIENT_CERT", "AGONES_CLIENT_KEY"])
def test_what_is_missing_is_named(name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{name} is missing: name the"):
        read_allocator({**WHOLE, name: ""})


def test_all_that_is_missing_is_named_at_once() -> None:
    with pytest.raises(ConfigurationError) as raised:
        read_allocator({"AGONES_ALLOCATOR_URL": "http://allocator", "AGONES_NAMESPACE": "Calls"})
    for name in (*WHOLE, "AGONES_NAMESPACE"):
        assert name in str(raised.value)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("AGONES_ALLOCATOR_URL", "http://agones-allocator"),
        ("AGONES_ALLOCATOR_URL", "agones-allocator:443"),
        ("AGONES_ALLOCATOR_URL", "https://"),
        ("AGONES_ALLOCATOR_URL", "https://host/gameserverallocation"),
        ("AGONES_ALLOCATOR_URL", "https://host:99999"),
        ("AGONES_ALLOCATOR_URL", "https://user@host"),
        ("AGONES_ALLOCATOR_URL", "https://[::1"),
        ("AGONES_FLEET", "Media"),
        ("AGONES_FLEET", "media.calls"),
        ("AGONES_NAMESPACE", "-calls"),
        ("AGONES_NAMESPACE", "a" * 64),
    ],
)
def test_what_is_malformed_is_named(name: str, wrong: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{name}: .* must be"):
        read_allocator({**WHOLE, name: wrong})


def test_the_sidecars_port() -> None:
    assert read_sidecar({}) is None
    assert read_sidecar({"AGONES_SDK_HTTP_PORT": "9358"}) == "http://localhost:9358"
    for wrong in ("0", "70000", "http", "-1"):
        with pytest.raises(ConfigurationError, match="AGONES_SDK_HTTP_PORT"):
            read_sidecar({"AGONES_SDK_HTTP_PORT": wrong})


def test_every_setting_is_told() -> None:
    told = {ticked(row[0])[0] for row in rows(PAGE, "Settings of the server")}
    assert told == {module.URL, module.NAMESPACE, module.FLEET, module.CERT, module.KEY, module.CA}
