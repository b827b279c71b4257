"""Who we are to the allocator, and whom we take for it: one TLS context, made at the start."""

from __future__ import annotations

import ssl

from linecard import ConfigurationError
from linecard_agones.settings import CA, CERT, KEY, AllocatorSettings


def client_context(settings: AllocatorSettings) -> ssl.SSLContext:
    """A context with our certificate. Raises ConfigurationError that names the setting and the file."""
    context = _trusting(settings.ca)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _unreadable(CERT, settings.client_cert)
    _unreadable(KEY, settings.client_key)
    try:
        context.load_cert_chain(settings.client_cert, settings.client_key, password=_no_password)
    except (ssl.SSLError, ValueError) as error:
        raise ConfigurationError(
            f"{CERT} ({settings.client_cert}) and {KEY} ({settings.client_key}) are no pair of a"
            f" certificate and its key in PEM without a password: {error}"
        ) from error
    return context


def _trusting(ca: str | None) -> ssl.SSLContext:
    if ca is None:
        return ssl.create_default_context()
    _unreadable(CA, ca)
    try:
        return ssl.create_default_context(cafile=ca)
    except ssl.SSLError as error:
        raise ConfigurationError(f"{CA} ({ca}) holds no certificate in PEM: {error}") from error


def _unreadable(setting: str, path: str) -> None:
    """Raise ConfigurationError for a file that is not there, or not ours to read."""
    try:
        with open(path, "rb"):
            return
    except OSError as error:
        raise ConfigurationError(f"{setting} ({path}) cannot be read: {error.strerror}") from error


def _no_password() -> str:
    """OpenSSL would ask the terminal otherwise, and wait for ever."""
    raise ValueError("the key has a password")
