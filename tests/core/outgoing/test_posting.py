"""One delivery: never led elsewhere, bounded in bytes and in time, to the name that the certificate has."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.core.outgoing.names import resolve_with

from linecard.outgoing import posting
from linecard.outgoing.posting import MOST_OF_AN_ANSWER, Answered, NoAnswer, post
from linecard.outgoing.public import is_own
from linecard.outgoing.urls import Target, read_target

HOOKS = "hooks.example.com"


class Server:
    """Answers each request with the same bytes, and keeps what it was sent."""

    def __init__(self, answer: bytes, endless: bytes = b"", pause: float = 0.0) -> None:
        self.seen: list[bytes] = []
        self.sent = 0
        self.port = 0
        self._answer, self._endless, self._pause = answer, endless, pause

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.seen.append(head + await reader.readexactly(len(b"{}")))
        writer.write(self._answer)
        await writer.drain()
        while self._endless:
            writer.write(self._endless)
            self.sent += len(self._endless)
            await writer.drain()
            await asyncio.sleep(self._pause)


@asynccontextmanager
async def listening(server: Server, tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls)
    server.port = listener.sockets[0].getsockname()[1]
    yield server
    listener.close()


def at(server: Server, path: str = "/calls") -> Target:
    return read_target(f"http://127.0.0.1:{server.port}{path}", "notify", loopback=True)


def says(status: str, *lines: str) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode()


EMPTY = "Content-Length: 0"


async def test_what_is_sent() -> None:
    async with listening(Server(says("204 No Content"))) as server:
        assert await post(at(server, "/a?b=c"), b"{}", {"x-more": "1"}) == Answered(204)
    (request,) = server.seen
    assert request.startswith(b"POST /a?b=c HTTP/1.1\r\n")
    assert f"Host: 127.0.0.1:{server.port}\r\n".encode() in request
    assert b"x-more: 1\r\n" in request
    assert request.endswith(b"\r\n\r\n{}")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_lead_nowhere(status: int) -> None:
    async with listening(Server(says("204 No Content"))) as inside:
        location = f"Location: http://127.0.0.1:{inside.port}/secret"
        async with listening(Server(says(f"{status} Moved", location, EMPTY))) as server:
            assert await post(at(server), b"{}", {}) == Answered(status)
    assert len(server.seen) == 1
    assert inside.seen == []


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with listening(Server(says("200 OK", EMPTY))) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        async with listening(Server(says("204 No Content"))) as server:
            assert await post(at(server), b"{}", {}) == Answered(204)
    assert proxy.seen == []


async def test_of_an_endless_answer_only_a_little_is_read() -> None:
    async with listening(Server(says("200 OK", "Connection: close"), b"x" * 8192)) as server:
        assert await post(at(server), b"{}", {}) == Answered(200)
    # What is beyond lies in the buffers of two sockets.
    assert server.sent < MOST_OF_AN_ANSWER + 16 * 1024 * 1024


async def test_a_small_answer_does_not_unpack_into_a_large_one() -> None:
    answer = says("200 OK", "Content-Encoding: gzip", "Content-Length: 4") + b"\x1f\x8b\x00\x00"
    async with listening(Server(answer)) as server:
        assert await post(at(server), b"{}", {}) == Answered(200)


async def test_an_answer_that_never_ends_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "SECONDS", 0.5)
    slow = Server(says("200 OK", "Connection: close"), b"x", pause=0.02)
    async with listening(slow) as server:
        with pytest.raises(NoAnswer, match="within"):
            await post(at(server), b"{}", {})


@pytest.mark.parametrize("answer", [b"", b"garbage\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Le"])
async def test_what_is_no_answer(answer: bytes) -> None:
    async with listening(Server(answer)) as server:
        with pytest.raises(NoAnswer, match=r"127\.0\.0\.1"):
            await post(at(server), b"{}", {})


async def test_nobody_listens() -> None:
    async with listening(Server(b"")) as server:
        pass
    with pytest.raises(NoAnswer, match=r"127\.0\.0\.1"):
        await post(at(server), b"{}", {})


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120.0),
        (" 7 ", 7.0),
        ("0", 0.0),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("", None),
    ],
)
async def test_when_the_receiver_wants_to_be_asked_again(text: str, seconds: float | None) -> None:
    answer = says("503 Busy", f"Retry-After: {text}", EMPTY)
    async with listening(Server(answer)) as server:
        assert await post(at(server), b"{}", {}) == Answered(503, seconds)


@pytest.mark.parametrize(("minutes", "least", "most"), [(5, 200.0, 301.0), (-5, 0.0, 0.0)])
async def test_it_may_name_a_time(minutes: int, least: float, most: float) -> None:
    moment = format_datetime(datetime.now(UTC) + timedelta(minutes=minutes), usegmt=True)
    async with listening(Server(says("429 Slowly", f"Retry-After: {moment}", EMPTY))) as server:
        answered = await post(at(server), b"{}", {})
    assert answered.retry_after is not None
    assert least <= answered.retry_after <= most


def certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's side and a client's that trusts it, for a certificate with one name."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a test")])
    alternative: x509.GeneralName = (
        x509.IPAddress(ip_address(name)) if name[0].isdigit() else x509.DNSName(name)
    )
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "server.pem"
    own = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = built.public_bytes(serialization.Encoding.PEM)
    file.write_bytes(own + public)
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(file)
    return server, ssl.create_default_context(cadata=public.decode())


Trust = Callable[[str], ssl.SSLContext]


@pytest.fixture
def trust(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Trust:
    """Let https go to this machine, and trust a certificate of its own with one name."""
    monkeypatch.setattr(posting, "FITS", {"https": is_own})

    def trusting(name: str) -> ssl.SSLContext:
        server, client = certificate(tmp_path, name)
        monkeypatch.setattr(posting, "trusted", lambda: client)
        return server

    return trusting


async def test_the_pinned_address_is_asked_in_the_name_of_the_host(
    monkeypatch: pytest.MonkeyPatch, trust: Trust
) -> None:
    asked = resolve_with(monkeypatch, lambda _host: ["127.0.0.1"])
    async with listening(Server(says("204 No Content")), trust(HOOKS)) as server:
        target = Target("https", HOOKS, server.port, "/calls")
        assert await post(target, b"{}", {}) == Answered(204)
    assert asked == [HOOKS]
    assert f"Host: {HOOKS}:{server.port}\r\n".encode() in server.seen[0]


@pytest.mark.parametrize("name", ["other.example.com", "127.0.0.1"])
async def test_another_certificate_is_not_believed(
    monkeypatch: pytest.MonkeyPatch, trust: Trust, name: str
) -> None:
    resolve_with(monkeypatch, lambda _host: ["127.0.0.1"])
    async with listening(Server(says("204 No Content")), trust(name)) as server:
        with pytest.raises(NoAnswer, match=f"{HOOKS}.*certificate"):
            await post(Target("https", HOOKS, server.port, "/calls"), b"{}", {})
    assert server.seen == []


async def test_where_one_address_takes_no_connection_the_next_one_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    resolve_with(monkeypatch, lambda _host: ["127.0.0.2", "127.0.0.1"])
    async with listening(Server(says("204 No Content"))) as server:
        target = Target("http", "localhost", server.port, "/calls")
        assert await post(target, b"{}", {}) == Answered(204)
    assert len(server.seen) == 1
