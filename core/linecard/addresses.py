"""Every address of ours that a carrier is given."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit, urlunsplit

from linecard.carrier import ConnectOrder
from linecard.tokens import Tokens
from linecard.webhook import ROUTES, Kind

SOCKET_SCHEMES = {"https": "wss", "http": "ws"}


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses of one account. `public_url` is the origin with an optional path prefix."""

    public_url: str
    provider: str
    account: str
    tokens: Tokens

    def webhook(self, kind: Kind, call: str = "", reference: str = "") -> str:
        """The address for one purpose: `?a=ACCOUNT&c=CALL&k=KIND&x=REFERENCE&t=TOKEN`."""
        token = self.tokens.webhook(self.provider, self.account, call, kind, reference)
        query = {"a": self.account, "c": call, "k": kind.value, "x": reference, "t": token}
        present = urlencode({name: value for name, value in query.items() if value})
        return f"{self.public_url}/{self.provider}/{ROUTES[kind]}?{present}"

    def socket(self, token: str) -> str:
        """The address of a media socket; the token is in the path since some carriers drop queries."""
        scheme, host, path, _, _ = urlsplit(self.public_url)
        return urlunsplit(
            (SOCKET_SCHEMES[scheme], host, f"{path}/ws/{self.provider}/{token}", "", "")
        )


def connect_order(addresses: Addresses, fallback_url: str | None, *, apply: bool) -> ConnectOrder:
    """An order to point a number at us, by an application of our own for this public host.

    `apply` false: only look what it points at.
    """
    return ConnectOrder(
        name=f"linecard-{urlsplit(addresses.public_url).hostname}",
        apply=apply,
        answer_url=addresses.webhook(Kind.ANSWER),
        ended_url=addresses.webhook(Kind.ENDED),
        fallback_url=fallback_url or addresses.webhook(Kind.FALLBACK),
        fallback_method=fallback_method(fallback_url),
    )


def fallback_method(elsewhere: str | None) -> str:
    """How a carrier asks for the document of last resort: buckets serve files to a GET alone."""
    return "GET" if elsewhere else "POST"
