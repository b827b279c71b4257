"""Plivo's signatures, made by Plivo's own SDK: V3 and V2, plain and main account."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from hashlib import sha256
from urllib.parse import urlsplit, urlunsplit

from plivo.utils.signature_v3 import construct_get_url, construct_post_url, get_signature_v3

from linecard_plivo.simulator.identity import Ids

Fields = tuple[tuple[str, str], ...]


class Signer:
    """Signs what one account sends, each time with a fresh nonce."""

    def __init__(self, auth_token: str, ids: Ids) -> None:
        self._token = auth_token
        self._ids = ids

    def webhook(self, method: str, url: str, fields: Fields) -> Mapping[str, str]:
        """Headers of a webhook; the fields of a GET are in its address already."""
        return self._v3(method, url, fields) | self._v2(url)

    def socket(self, url: str) -> Mapping[str, str]:
        """Headers of a media socket's handshake: signed as a GET over `http://`."""
        _, host, path, query, _ = urlsplit(url)
        return self._v3("GET", urlunsplit(("http", host, path, query, "")), ())

    def _v3(self, method: str, url: str, fields: Fields) -> dict[str, str]:
        nonce = self._ids.digits(20)
        if method == "GET":
            text = construct_get_url(url, {})
        else:
            text = construct_post_url(url, _grouped(fields))
        signature = get_signature_v3(self._token, bytes(text).decode(), nonce).decode()
        return {
            "X-Plivo-Signature-V3": signature,
            "X-Plivo-Signature-Ma-V3": signature,
            "X-Plivo-Signature-V3-Nonce": nonce,
        }

    def _v2(self, url: str) -> dict[str, str]:
        nonce = self._ids.digits(20)
        scheme, host, path, _, _ = urlsplit(url)
        text = urlunsplit((scheme, host, path, "", "")) + nonce
        digest = hmac.new(self._token.encode(), text.encode(), sha256).digest()
        signature = base64.b64encode(digest).decode()
        return {
            "X-Plivo-Signature-V2": signature,
            "X-Plivo-Signature-Ma-V2": signature,
            "X-Plivo-Signature-V2-Nonce": nonce,
        }


def _grouped(fields: Fields) -> dict[str, str | list[str]]:
    grouped: dict[str, list[str]] = {}
    for name, value in fields:
        grouped.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in grouped.items()}
