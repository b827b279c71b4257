"""What may stand in no record: every secret that this server knows."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import fields
from itertools import product
from typing import Any
from urllib.parse import urlsplit

from linecard.flight.patterns import SECRET_NAME
from linecard.flight.redacting import Redactor
from linecard.settings import Secret, Settings, scoped_keys


def redactor(settings: Settings) -> Redactor:
    """The redactor of a server's flight records."""
    return Redactor(
        secrets=frozenset(_secrets(settings)),
        key=b"flight\n" + settings.secret.values()[0].encode(),
        public_url=settings.public_url,
        numbers=settings.flight_numbers,
        digits=settings.flight_digits,
        audio=settings.flight_audio,
    )


def inbox_redactor(settings: Settings) -> Redactor:
    """What the inbox keeps goes through this: secrets and keys are hidden; numbers stand in the call's record too."""
    return Redactor(
        secrets=frozenset(_secrets(settings)), public_url=settings.public_url, numbers=True
    )


def _secrets(settings: Settings) -> Iterator[str]:
    for given in (getattr(settings, one.name) for one in fields(settings)):
        if isinstance(given, Secret):
            yield from given.values()
    yield from (key.text for key in scoped_keys(settings.api_key))
    password = urlsplit(settings.database_url).password
    if password:
        yield password
    for account in (one for listed in settings.accounts.values() for one in listed):
        yield from _of_account(account.values)


def _of_account(values: Any) -> Iterator[str]:
    """An account's secrets, and each of them joined with any other text as HTTP's Basic sends it."""
    given = {field.name: getattr(values, field.name) for field in fields(values)}
    texts = {name: value for name, value in given.items() if isinstance(value, str) and value}
    secret = [
        text for value in given.values() if isinstance(value, Secret) for text in value.values()
    ]
    secret += [text for name, text in texts.items() if SECRET_NAME.search(name)]
    yield from secret
    for user, password in product(texts.values(), secret):
        yield base64.b64encode(f"{user}:{password}".encode()).decode()
