"""Forged requests, from genuine ones: everything that a stranger could send instead."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from random import Random
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from linecard.errors import RequestRefused
from linecard.testing.bench import CALL, Bench, read_pairs
from linecard.testing.equality import says_the_same
from linecard.testing.readers import OURS
from linecard.testing.samples import Sample
from linecard.webhook import CarrierRequest, Kind, Pairs

BITS = tuple(1 << bit for bit in range(8))
STRANGE_HEADERS = (
    "",
    " ",
    "None",
    "null",
    "\x00",
    "=",
    "====",
    ",",
    "," * 1000,
    "\u00e9",
    "\u2603",
    "\udcff",
    "a" * 1_000_000,
    "A" * 44,
    "A" * 43 + "=",
    "0" * 40,
    "true",
    "{}",
    "[]",
    "Basic",
    "Basic ",
    "Basic !!!",
    "Basic Og==",
    "Bearer ",
)
METHODS = ("GET", "POST", "PUT", "HEAD", "get", "post", "Post", "", "POST ")


@dataclass(frozen=True, slots=True)
class Genuine:
    """A request that the carrier has sent: before its proof, and with it."""

    bare: CarrierRequest
    request: CarrierRequest

    @property
    def proofs(self) -> Mapping[str, str]:
        """The headers that prove it."""
        before = self.bare.headers
        return {n: text for n, text in self.request.headers.items() if before.get(n) != text}


def genuine(bench: Bench, sample: Sample) -> Genuine:
    """A sample, before and after it was signed."""
    return Genuine(bench.unsigned(sample), bench.request(sample))


def with_pairs(request: CarrierRequest, pairs: Pairs) -> CarrierRequest:
    """The request with other fields in its form."""
    return replace(request, pairs=pairs, body=urlencode(pairs).encode())


def with_body(request: CarrierRequest, body: bytes) -> CarrierRequest | None:
    """The request with another body, as core would read it; None where core refuses it."""
    try:
        pairs = read_pairs(body, request.headers.get("content-type", ""))
        return replace(request, body=body, pairs=pairs)
    except RequestRefused:
        return None


# --- families ---


def header_flips(_bench: Bench, real: Genuine) -> Iterator[CarrierRequest]:
    """Every bit of every header that proves it."""
    for name, text in real.proofs.items():
        for position, bit in ((p, b) for p in range(len(text)) for b in BITS):
            flipped = text[:position] + chr(ord(text[position]) ^ bit) + text[position + 1 :]
            if not says_the_same(text, flipped):
                yield _headers(real, {name: flipped})


def strange_headers(_bench: Bench, real: Genuine) -> Iterator[CarrierRequest]:
    """Headers that are missing, empty, huge or no text that a signature could be."""
    for name in real.proofs:
        others = {n: text for n, text in real.request.headers.items() if n != name}
        yield replace(real.request, headers=others)
        for strange in STRANGE_HEADERS:
            yield _headers(real, {name: strange})
    for strange in STRANGE_HEADERS:
        yield _headers(real, dict.fromkeys(real.proofs, strange))
    yield real.bare
    yield replace(real.bare, headers={})


def body_flips(_bench: Bench, real: Genuine) -> Iterator[CarrierRequest]:
    """Every bit of the body."""
    body = real.request.body
    for position in range(len(body)):
        for bit in BITS:
            flipped = body[:position] + bytes([body[position] ^ bit]) + body[position + 1 :]
            request = with_body(real.request, flipped)
            if request is not None:
                yield request


def address_flips(_bench: Bench, real: Genuine) -> Iterator[CarrierRequest]:
    """Every bit of the path and the query."""
    url = real.request.url
    begin = url.index("/", url.index("//") + 2)
    for position in range(begin, len(url)):
        for bit in BITS[:7]:
            flipped = url[:position] + chr(ord(url[position]) ^ bit) + url[position + 1 :]
            yield replace(real.request, url=flipped)


def recut_fields(_bench: Bench, real: Genuine) -> Iterator[CarrierRequest]:
    """Other fields whose names and values, joined, are the same text."""
    pairs = tuple(sorted(real.request.pairs))
    for index, (name, value) in enumerate(pairs):
        before, after = pairs[:index], pairs[index + 1 :]
        joined = name + value
        for cut in range(1, len(joined) + 1):
            if cut != len(name):
                yield with_pairs(real.request, (*before, (joined[:cut], joined[cut:]), *after))
        for cut in range(1, len(value)):
            halves = ((name, value[:cut]), (value[cut:], ""))
            yield with_pairs(real.request, (*before, *halves, *after))
        if after:
            merged = (name, value + after[0][0] + after[0][1])
            yield with_pairs(real.request, (*before, merged, *after[1:]))


def moved_fields(_bench: Bench, real: Genuine) -> Iterator[CarrierRequest]:
    """Fields moved from the body into the query, and back."""
    pairs, url = real.request.pairs, real.request.url
    for index in range(len(pairs)):
        rest = (*pairs[:index], *pairs[index + 1 :])
        yield replace(with_pairs(real.request, rest), url=_longer(url, pairs[index : index + 1]))
        yield replace(real.request, url=_longer(url, pairs[index : index + 1]))
    if pairs:
        yield replace(with_pairs(real.request, ()), url=_longer(url, pairs))
    query = tuple(parse_qsl(urlsplit(url).query, keep_blank_values=True))
    foreign = tuple(pair for pair in query if pair[0] not in OURS)
    for pair in foreign:
        left = tuple(one for one in query if one != pair)
        moved = with_pairs(real.request, (*pairs, pair))
        yield replace(moved, url=urlunsplit((*urlsplit(url)[:3], urlencode(left), "")))
    yield with_pairs(real.request, (*pairs, ("Xyzzy", "1")))
    yield with_pairs(real.request, (*pairs, *pairs[:1]))


def replays(bench: Bench, real: Genuine) -> Iterator[CarrierRequest]:
    """The same proof at another address of ours, on another host, with another method."""
    request = real.request
    for kind in Kind:
        for call in (CALL, "deadbeefdeadbeefdead", ""):
            for account in ("main", "other"):
                url = bench.addresses(account).webhook(kind, call, request.reference or "")
                yield replace(request, url=url, kind=kind, call=call or None)
    for host in ("elsewhere.example.com", "voice.example.com:8443", "localhost", "127.0.0.1"):
        yield replace(request, url=urlunsplit(urlsplit(request.url)._replace(netloc=host)))
    for url in (request.url + "&", request.url + "%20", request.url.replace("?", "/?"), ""):
        yield replace(request, url=url)


def other_methods(_bench: Bench, real: Genuine) -> Iterator[CarrierRequest]:
    """The same request with another method, in any writing."""
    for method in METHODS:
        yield replace(real.request, method=method)


def other_secrets(bench: Bench, real: Genuine) -> Iterator[CarrierRequest]:
    """Requests that are rightly signed, with a secret that is not ours."""
    for name in bench.secret_names():
        for secret in ("", " ", ",", "None", "changeme", bench.case.settings[name][:-1]):
            yield bench.with_settings(**{name: secret}).case.sign(real.bare)


def random_changes(_bench: Bench, real: Genuine) -> Iterator[CarrierRequest]:
    """Several changes at once, the same in every run."""
    random = Random(20_260_101)  # noqa: S311  a repeatable choice, and no secret
    families = [family for family in (real.request.body, real.request.url.encode()) if family]
    for _ in range(2000):
        request = real.request
        text = bytearray(random.choice(families))
        for _ in range(random.randint(1, 6)):
            text[random.randrange(len(text))] = random.randrange(32, 127)
        for name, proof in real.proofs.items():
            keep = random.random() < 0.5
            mixed = proof if keep else "".join(random.sample(proof, len(proof)))
            request = replace(request, headers={**request.headers, name: mixed})
        changed = with_body(request, bytes(text))
        if changed is not None and request.body:
            yield changed
        address = urlsplit(request.url)
        yield replace(
            request, url=urlunsplit(address._replace(query=text.decode("latin-1").lstrip("?")))
        )


Family = Callable[[Bench, Genuine], Iterator[CarrierRequest]]
FAMILIES: Mapping[str, Family] = {
    "a bit of the proof": header_flips,
    "strange headers": strange_headers,
    "a bit of the body": body_flips,
    "a bit of the address": address_flips,
    "fields cut anew": recut_fields,
    "fields moved": moved_fields,
    "a replay elsewhere": replays,
    "another method": other_methods,
    "another secret": other_secrets,
    "many changes": random_changes,
}
OF_HEADERS = frozenset({"a bit of the proof", "strange headers", "another secret"})
"""The families that concern a carrier whose proof covers neither address nor body."""
OF_FIELDS = frozenset({"fields cut anew", "fields moved"})
"""The families that some signatures do not tell apart: what is taken must say what was signed."""
OF_SOCKETS = (header_flips, strange_headers, address_flips, other_secrets)


def _headers(real: Genuine, changed: Mapping[str, str]) -> CarrierRequest:
    return replace(real.request, headers={**real.request.headers, **changed})


def _longer(url: str, pairs: Pairs) -> str:
    return url + ("&" if "?" in url else "?") + urlencode(pairs)
