"""What has become of a request between a carrier's side and ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from urllib.parse import parse_qsl, unquote, urlsplit

from linecard.doctor.findings import Finding, failed, warning
from linecard.probes import Arrival, fingerprint
from linecard.simulator.wire import Request

PORTS = {"https": 443, "http": 80, "wss": 443, "ws": 80}
WEB = {"wss": "https", "ws": "http"}
UNTOUCHED = "configure the proxy to pass path and query on byte for byte (docs/operating.md has nginx and Caddy)"
HOST = "let the proxy keep the Host header, with its port: the log needs it to name the address that would fit"

Compare = Callable[[Request, Arrival, str], Iterator[Finding]]


def differences(sent: Request, arrival: Arrival, public_url: str) -> list[Finding]:
    """A finding for each part that is not as it was sent; nothing where all is."""
    return [one for compare in PARTS.values() for one in compare(sent, arrival, public_url)]


def _method(sent: Request, arrival: Arrival, _public_url: str) -> Iterator[Finding]:
    if arrival.method != sent.method:
        yield failed(
            f"the method was changed: {sent.method} arrives as {arrival.method}", UNTOUCHED
        )


def _path(sent: Request, arrival: Arrival, public_url: str) -> Iterator[Finding]:
    prefix = urlsplit(public_url).path
    ours, theirs = (
        urlsplit(sent.url).path.removeprefix(prefix),
        arrival.target.partition("?")[0],
    )
    if ours != theirs:
        yield failed(f"the path was changed: {_cut(ours)} arrives as {_cut(theirs)}", UNTOUCHED)


def _query(sent: Request, arrival: Arrival, _public_url: str) -> Iterator[Finding]:
    ours, theirs = urlsplit(sent.url).query, arrival.target.partition("?")[2]
    if ours != theirs:
        yield failed(f"the query was changed: {_how(ours, theirs)}", UNTOUCHED)


def _how(ours: str, theirs: str) -> str:
    """What was done to a query, with the first field that shows it."""
    if not theirs:
        return "it was taken away"
    pairs = zip(ours.split("&"), [*theirs.split("&"), *[""] * 99], strict=False)
    one, other = next(((a, b) for a, b in pairs if a != b), (ours, theirs))
    if unquote(ours) == unquote(theirs):
        return f"its encoding was undone, {one} arrives as {other}"
    if sorted(parse_qsl(ours, True)) == sorted(parse_qsl(theirs, True)):
        return f"its fields were written anew, {one} arrives as {other or 'nothing'}"
    return f"{one} arrives as {other or 'nothing'}"


def _body(sent: Request, arrival: Arrival, _public_url: str) -> Iterator[Finding]:
    if arrival.body != fingerprint(sent.body):
        size = f"{len(sent.body)} bytes arrive as {arrival.body_bytes}"
        yield failed(f"the body was changed: {size}", "let the proxy pass bodies on as they are")


def _headers(sent: Request, arrival: Arrival, _public_url: str) -> Iterator[Finding]:
    for name, text in sent.headers.items():
        seen = arrival.headers.get(name.lower())
        if seen != fingerprint(text.encode("latin-1", "replace")):
            how = "was taken away" if seen is None else "was changed"
            yield failed(
                f"the header {name} {how}", f"let the proxy pass the header {name} on as it is"
            )


def _host(sent: Request, arrival: Arrival, public_url: str) -> Iterator[Finding]:
    """Nothing of ours rests on it but the log."""
    ours, theirs = urlsplit(sent.url), urlsplit(f"//{arrival.host}")
    if ours.hostname != theirs.hostname:
        yield warning(f"the host was changed: {ours.netloc} arrives as {arrival.host}", HOST)
        return
    usual = PORTS[ours.scheme]
    if (ours.port or usual) != (_port(arrival.host) or usual):
        yield warning(f"the port was changed: {ours.netloc} arrives as {arrival.host}", HOST)


def _port(host: str) -> int | None:
    try:
        return urlsplit(f"//{host}").port
    except ValueError:
        return None


def _scheme(sent: Request, arrival: Arrival, _public_url: str) -> Iterator[Finding]:
    ours = urlsplit(sent.url).scheme
    if arrival.scheme and WEB.get(arrival.scheme, arrival.scheme) != WEB.get(ours, ours):
        yield warning(
            f"the scheme was changed: the proxy says it was asked by {arrival.scheme}, not {ours}",
            "let LINECARD_PUBLIC_URL have the scheme that carriers use",
        )


PARTS: Mapping[str, Compare] = MappingProxyType(
    {
        "method": _method,
        "path": _path,
        "query": _query,
        "body": _body,
        "headers": _headers,
        "host": _host,
        "scheme": _scheme,
    }
)
"""What is compared, and how."""


def _cut(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:60]}...{text[-12:]}"
