"""What one Telnyx account is set to."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import dataclass
from urllib.parse import urlsplit

from linecard import ConfigurationError, Secret

TELNYX_API = "https://api.telnyx.com"
KEY_BYTES = 32
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class TelnyxSettings:
    """One account. `public_key` is the portal's, base64; two with a comma while they are changed.

    `connection_id` is the Call Control Application's. Raises ConfigurationError.
    """

    api_key: Secret
    public_key: Secret
    connection_id: str
    api_url: str = TELNYX_API

    def __post_init__(self) -> None:
        if not any(key.strip() for key in self.api_key.values()):
            raise ConfigurationError("TELNYX_API_KEY must be an API key of the Telnyx portal")
        if not self.public_keys or any(len(key) != KEY_BYTES for key in self.public_keys):
            raise ConfigurationError(
                "TELNYX_PUBLIC_KEY must be the public key of the Telnyx portal: 32 bytes in base64"
            )
        api = urlsplit(self.api_url)
        if api.scheme != "https" and api.hostname not in LOOPBACK:
            raise ConfigurationError(
                f"TELNYX_API_URL is {self.api_url!r}: it must be https, such as {TELNYX_API}"
            )

    @property
    def public_keys(self) -> tuple[bytes, ...]:
        """The keys that signatures may fit; none where one is not base64."""
        try:
            return tuple(
                b64decode(key + "=" * (-len(key) % 4), validate=True)
                for key in self.public_key.values()
            )
        except ValueError:
            return ()
