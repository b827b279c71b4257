"""Whom this process trusts on the network: read once, since reading them stops every call for some 20 ms."""

from __future__ import annotations

import ssl
from functools import cache


@cache
def trusted() -> ssl.SSLContext:
    """A context for clients, with the certificate authorities that httpx2 trusts; shared, so leave it as it is."""
    # Loaded with the first request: a provider's class must stay light.
    import httpx2

    return httpx2.create_ssl_context()
