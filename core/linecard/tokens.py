"""Signed tokens: in every webhook address we hand out, and in the path of every media socket."""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Sequence
from hashlib import sha256
from typing import TypeVar

import msgspec

from linecard.carrier import HERE
from linecard.errors import RequestRefused
from linecard.settings import Secret
from linecard.webhook import Kind

WEBHOOK_TOKEN_CHARS = 22
STREAM_MAC_CHARS = 32
POD_KEY_CHARS = 43
ROUTE_END = "~"
"""Before it stands, in the token of a call in a pod, the pod's name: proxies may route by it."""
INSIDE_MAC_CHARS = 43

Claims = TypeVar("Claims", bound=msgspec.Struct)


class StreamClaims(msgspec.Struct, frozen=True, array_like=True):
    """What a media socket's token says. Ids only: paths end in logs. `expires` is a Unix time."""

    id: str
    call: str
    provider: str
    account: str
    number: str
    agent: str
    profile: str
    pod: str
    expires: int


class ProbeClaims(msgspec.Struct, frozen=True, array_like=True):
    """What a probe's pass says: whose requests it stands for. `expires` is a Unix time."""

    id: str
    provider: str
    account: str
    profile: str
    expires: int


def _mac(key: str, purpose: str, text: str, length: int) -> str:
    digest = hmac.new(key.encode(), f"{purpose}\n{text}".encode(), sha256).digest()
    return base64.urlsafe_b64encode(digest).decode()[:length]


def _unpadded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def new_id() -> str:
    """A fresh id: 20 characters that are safe in any address."""
    return secrets.token_hex(10)


class Tokens:
    """Makes and checks tokens with LINECARD_SECRET: the first value signs, all verify."""

    def __init__(self, secret: Secret) -> None:
        self._keys = secret.values()
        self._pod_keys = tuple(pod_key(key) for key in self._keys)

    @property
    def pod_keys(self) -> Secret:
        """What pods prove themselves with, and check stream tokens by, one for each live secret with commas between.

        The secret cannot be told from them. They are for fleets, whose pods get their names later.
        """
        return Secret(",".join(self._pod_keys))

    def keys_of_pod(self, pod: str) -> Secret:
        """The same for one pod alone: no other pod's key can be told from them."""
        return Secret(",".join(self._keys_of_pod(pod)))

    def is_pod_key(self, given: str, pod: str) -> bool:
        """Whether a key is a pod's own or its fleet's; constant time over every live secret."""
        return _is_one_of(given, (*self._keys_of_pod(pod), *self._pod_keys))

    def webhook(self, provider: str, account: str, call: str, kind: Kind, reference: str) -> str:
        """The `t` of one address."""
        text = "\n".join((provider, account, call, kind, reference))
        return _mac(self._keys[0], "webhook", text, WEBHOOK_TOKEN_CHARS)

    def is_webhook(
        self, token: str, provider: str, account: str, call: str, kind: Kind, reference: str
    ) -> bool:
        """Whether a `t` fits its address; constant time over every live key."""
        text = "\n".join((provider, account, call, kind, reference))
        return self._fits(token, "webhook", text, WEBHOOK_TOKEN_CHARS)

    def stream(self, claims: StreamClaims) -> str:
        """The path token of a media socket; for a call in a pod it begins with the pod's name."""
        if claims.pod == HERE:
            return _sealed(self._keys[0], "stream", claims)
        return (
            f"{claims.pod}{ROUTE_END}{_sealed(self._keys_of_pod(claims.pod)[0], 'stream', claims)}"
        )

    def open_stream(self, token: str, now: float) -> StreamClaims:
        """What a path token says. Raises RequestRefused when it is forged, broken or too old."""
        pod, has_pod, _ = token.rpartition(ROUTE_END)
        return open_stream(self._keys_of_pod(pod) if has_pod else self._keys, token, now)

    def inside(self, text: str) -> str:
        """What proves a request between processes of ours."""
        return _mac(self._keys[0], "inside", text, INSIDE_MAC_CHARS)

    def is_inside(self, mac: str, text: str) -> bool:
        """Whether a process of ours has sent it."""
        return self._fits(mac, "inside", text, INSIDE_MAC_CHARS)

    def probe(self, claims: ProbeClaims) -> str:
        """A pass for one probe of the doctor's; it opens nothing else."""
        return _sealed(self._keys[0], "probe", claims)

    def open_probe(self, token: str) -> ProbeClaims:
        """What a pass says, however old it is. Raises RequestRefused when it is forged or broken."""
        return _opened(self._keys, "probe", token, ProbeClaims)

    def _keys_of_pod(self, pod: str) -> tuple[str, ...]:
        return own_pod_keys(self._pod_keys, pod)

    def _fits(self, given: str, purpose: str, text: str, length: int) -> bool:
        return _is_one_of(given, [_mac(key, purpose, text, length) for key in self._keys])


def pod_key(secret: str) -> str:
    """The key of the pods of a server with that secret."""
    return _mac(secret, "pods", "", POD_KEY_CHARS)


def own_pod_keys(keys: Sequence[str], pod: str) -> tuple[str, ...]:
    """Of the keys of a fleet, those of one of its pods."""
    return tuple(_mac(key, "pod", pod, POD_KEY_CHARS) for key in keys)


def open_pod_stream(keys: Sequence[str], pod: str, token: str, now: float) -> StreamClaims:
    """What a path token says to a pod, whether it holds its own keys or its fleet's. Raises RequestRefused."""
    return open_stream((*keys, *own_pod_keys(keys, pod)), token, now)


def open_stream(keys: Sequence[str], token: str, now: float) -> StreamClaims:
    """What a path token says to whoever holds one of the keys that seal it. Raises RequestRefused."""
    route, _, sealed = token.rpartition(ROUTE_END)
    claims = _opened(keys, "stream", sealed, StreamClaims)
    if route != ("" if claims.pod == HERE else claims.pod):
        raise RequestRefused("the stream token is for another pod")
    if claims.expires < now:
        raise RequestRefused("the stream token is too old")
    return claims


def _sealed(key: str, purpose: str, claims: msgspec.Struct) -> str:
    body = _unpadded(msgspec.json.encode(claims))
    return f"{body}.{_mac(key, purpose, body, STREAM_MAC_CHARS)}"


def _opened(keys: Sequence[str], purpose: str, token: str, kind: type[Claims]) -> Claims:
    body, _, mac = token.partition(".")
    if not _is_one_of(mac, [_mac(key, purpose, body, STREAM_MAC_CHARS) for key in keys]):
        raise RequestRefused(f"the {purpose} token is not ours")
    padded = body + "=" * (-len(body) % 4)
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(padded), type=kind)
    except (
        ValueError,
        msgspec.MsgspecError,
    ) as error:  # pods have a key of theirs, and may seal anything
        raise RequestRefused(f"the {purpose} token cannot be read") from error


def _is_one_of(given: str, candidates: Sequence[str]) -> bool:
    offered = given.encode("utf-8", "replace")
    fits = [hmac.compare_digest(candidate.encode(), offered) for candidate in candidates]
    return any(fits)
