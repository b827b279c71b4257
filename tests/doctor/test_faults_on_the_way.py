"""Whole `linecard serve` processes behind a proxy: each of its faults is named, for each carrier."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

import httpx2
import pytest

from linecard.doctor import Outcome
from tests.calls.telephone import KEY
from tests.doctor.place import Place, of, place, read
from tests.doctor.proxy import HONEST, Fault

GATEWAY = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
MOVED = (
    b"HTTP/1.1 301 Moved Permanently\r\nLocation: https://www.example.com/\r\n"
    b"Content-Length: 0\r\nConnection: close\r\n\r\n"
)


def dump(folder: Path) -> list[str]:
    """Everything in the database."""
    with closing(sqlite3.connect(folder / "linecard.db")) as database:
        return list(database.iterdump())


async def counted(here: Place) -> list[str]:
    """Everything that the server has counted."""
    async with httpx2.AsyncClient(headers={"Authorization": f"Bearer {KEY}"}) as api:
        text = (await api.get(f"{here.urls[0]}/metrics")).text
    return [line for line in text.splitlines() if line.startswith("linecard_")]


def line(pattern: bytes, instead: bytes) -> Callable[[bytes], bytes]:
    """A change of a head, wherever the pattern stands in it."""
    return lambda head: re.sub(b"(?i)" + pattern, instead, head)


def another_letter(data: bytes) -> bytes:
    """Sound that comes back from a media socket, with another first sample."""
    return re.sub(
        rb'"payload":"(.)',
        lambda found: b'"payload":"' + (b"B" if found[1] == b"A" else b"A"),
        data,
    )


FAULTS: Mapping[str, tuple[Fault, str, Outcome, str]] = {
    "changes the host": (
        Fault(head=line(rb"\r\nhost: [^\r]*", b"\r\nHost: inside.example")),
        "webhooks",
        Outcome.WARNING,
        "the host was changed: .* arrives as inside.example",
    ),
    "strips the port": (
        Fault(head=line(rb"(\r\nhost: [^:\r]*):\d+", rb"\1")),
        "webhooks",
        Outcome.WARNING,
        "the port was changed: 127.0.0.1:.* arrives as 127.0.0.1$",
    ),
    "rewrites the path": (
        Fault(head=line(rb"^(\w+) /(plivo|twilio|exotel)/", rb"\1 /voice/\2/")),
        "webhooks",
        Outcome.FAILED,
        "the path was changed: /.*/probe/.* arrives as /voice/",
    ),
    "rewrites the path of sockets": (
        Fault(head=line(rb"^GET /ws/", b"GET /sockets/")),
        "media sockets",
        Outcome.FAILED,
        "the path was changed: /ws/.* arrives as /sockets/",
    ),
    "writes the path in small letters": (
        Fault(head=lambda head: re.sub(rb"/probe/\S*?\?", lambda it: it[0].lower(), head)),
        "webhooks",
        Outcome.FAILED,
        "the path was changed: .*Up-low.* arrives as .*up-low",
    ),
    "decodes the query": (
        Fault(head=line(rb"%2B", b"+")),
        "webhooks",
        Outcome.FAILED,
        r"its encoding was undone, d=a%2Bb.* arrives as d=a\+b",
    ),
    "drops empty fields": (
        Fault(head=line(rb"&e=&", b"&")),
        "webhooks",
        Outcome.FAILED,
        "the query was changed: e= arrives as d=2",
    ),
    "adds to the query": (
        Fault(head=line(rb" HTTP/1.1", b"&utm=1 HTTP/1.1")),
        "webhooks",
        Outcome.FAILED,
        "the query was changed",
    ),
    "says the wrong scheme": (
        Fault(head=line(rb"\r\n\r\n$", b"\r\nX-Forwarded-Proto: https\r\n\r\n")),
        "webhooks",
        Outcome.WARNING,
        "it was asked by https, not http",
    ),
    "takes the agent away": (
        Fault(head=line(rb"\r\nuser-agent: [^\r]*", b"")),
        "webhooks",
        Outcome.FAILED,
        "the header User-Agent was taken away",
    ),
    "refuses the upgrade": (
        Fault(head=line(rb"\r\n(upgrade|connection): [^\r]*", b"")),
        "media sockets",
        Outcome.FAILED,
        "the upgrade to a WebSocket is answered with",
    ),
    "holds messages back": (
        Fault(holds=True),
        "media sockets",
        Outcome.FAILED,
        "it opens, and nothing comes through: no answer in time",
    ),
    "changes the sound": (
        Fault(back=another_letter),
        "codec echo",
        Outcome.FAILED,
        r"25 of 25 frames of \w+/8000 came back changed",
    ),
    "agrees on compression": (
        Fault(
            back=line(
                rb"(\r\nupgrade: websocket)", rb"\1\r\nSec-WebSocket-Extensions: permessage-deflate"
            )
        ),
        "media sockets",
        Outcome.WARNING,
        "the proxy has agreed on compression",
    ),
    "is slow": (
        Fault(waits=1.1),
        "webhooks",
        Outcome.WARNING,
        r"an answer takes [\d.]+ s",
    ),
    "answers 502": (
        Fault(answers=GATEWAY),
        "webhooks",
        Outcome.FAILED,
        "the proxy answers 502",
    ),
    "answers 502 to sockets": (
        Fault(answers=GATEWAY),
        "media sockets",
        Outcome.FAILED,
        "the upgrade to a WebSocket is answered with 502",
    ),
    "redirects": (
        Fault(answers=MOVED),
        "webhooks",
        Outcome.FAILED,
        "redirects to https://www.example.com/; carriers do not follow",
    ),
    "lives in another time": (
        Fault(back=line(rb"\r\ndate: [^\r]*", b"\r\nDate: Sat, 01 Jan 2000 00:00:00 GMT")),
        "clock",
        Outcome.WARNING,
        "this machine's clock is .* s ahead of that of the public URL",
    ),
    "writes the body anew": (
        Fault(body=lambda body: body.replace(b"+", b"%20")),
        "webhooks",
        Outcome.FAILED,
        "the body was changed: .* bytes arrive as",
    ),
    "takes the password away": (
        Fault(head=line(rb"\r\nauthorization: [^\r]*", b"")),
        "webhooks",
        Outcome.FAILED,
        "the header Authorization was taken away",
    ),
    "is believed by nobody": (
        Fault(head=line(rb"\r\nx-linecard-probe: [^\r]*", b"")),
        "webhooks",
        Outcome.FAILED,
        "answers 404, and not as a server with this LINECARD_SECRET does",
    ),
}


OF_BODIES = {"writes the body anew"}
"""Not of a carrier that asks by GET."""
OF_PASSWORDS = {"takes the password away"}
"""Not of a carrier that signs."""
PASSWORD = {"EXOTEL_WEBHOOK_USER": "linecard", "EXOTEL_WEBHOOK_PASSWORD": "p" * 20}
SIGNING = tuple(name for name in FAULTS if name not in OF_PASSWORDS)
SAMPLE = ("decodes the query", "rewrites the path", "refuses the upgrade", "changes the sound")


@pytest.mark.parametrize(
    ("provider", "names"),
    [
        ("plivo", SIGNING),
        ("twilio", SAMPLE),
        ("exotel", (*SAMPLE, *OF_PASSWORDS)),
        pytest.param("twilio", SIGNING, marks=pytest.mark.slow),
        pytest.param("exotel", tuple(FAULTS.keys() - OF_BODIES), marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("lane", ["lean", pytest.param("asgi", marks=pytest.mark.slow)])
async def test_each_fault_of_a_proxy_is_named(
    tmp_path: Path, provider: str, names: tuple[str, ...], lane: str
) -> None:
    changes = {"LINECARD_MEDIA_LANE": lane} | (PASSWORD if provider == "exotel" else {})
    async with place(tmp_path, provider, **changes) as here:
        await here.register()
        before, metrics = dump(tmp_path), await counted(here)
        await _nothing_is_wrong(here)
        assert (dump(tmp_path), await counted(here)) == (before, metrics), "it leaves no trace"
        for name in names:
            fault, check, outcome, says = FAULTS[name]
            here.proxy.fault = fault
            named = of(await here.found(), check)
            fits = [one for one in named if re.search(says, one.says)]
            assert [one.outcome for one in fits] == [outcome], f"{name}: {named}"
            assert fits[0].do, name
        here.proxy.fault = HONEST
        await _nothing_is_wrong(here)


async def _nothing_is_wrong(here: Place) -> None:
    found = await here.found()
    for check in ("webhooks", "media sockets", "codec echo", "credentials", "clock", "database"):
        (one,) = of(found, check)
        assert one.outcome is Outcome.OK, one
    (api,) = of(found, "exposure")
    assert api.outcome is Outcome.WARNING, "there is no --admin-port"
    assert re.search(r"can be reached from outside: .*/api/numbers answers 401", api.says)
    (echo,) = of(found, "codec echo")
    assert "25 frames" in echo.says
    assert "sample for sample" in echo.says


async def test_the_command_says_it_to_people_and_to_programs(tmp_path: Path) -> None:
    async with place(tmp_path, "plivo") as here:
        well = await here.doctor("--json")
        assert (well.code, well.err) == (0, "")
        assert {one["outcome"] for one in read(well)} <= {"ok", "warning", "could not check"}
        here.proxy.fault = Fault(head=line(rb"%2B", b"+"))
        ill = await here.doctor()
    assert (ill.code, ill.err) == (1, "")
    lines = ill.out.splitlines()
    at = next(n for n, one in enumerate(lines) if one.startswith("failed"))
    assert "webhooks plivo:main: the query was changed" in lines[at]
    assert lines[at + 1].strip().startswith("-> configure the proxy")
