"""The linecard.toml that `linecard init` writes."""

from __future__ import annotations

import os
import secrets

from linecard.errors import ConfigurationError
from linecard.outgoing.signing import new_secret

_TEMPLATE = """\
# Settings of Linecard. A variable of the same name wins: LINECARD_PUBLIC_URL over public_url.
# This file holds secrets: keep it out of version control.

# Where carriers reach this server: https, or http on loopback while trying things out.
public_url = "http://127.0.0.1:8080"

# The key of the management API, and the secret that signs our addresses. While rotating, put the
# new value first: "new,old".
api_key = "{api_key}"
secret = "{secret}"

# A file, or postgresql://USER@HOST/NAME.
# database_url = "sqlite:///linecard.db"

# Countries that may be called. Without it: those of the registered numbers.
# allowed_countries = ["US", "IN"]

# Where calls may be transferred to. Without it: nowhere.
# transfer_allow = ["+14155550100", "+1415*", "sip:*@cc.example.com"]

# Hard stops of outgoing calls.
# max_calls_per_minute = 60
# max_live_calls = 1000
# max_calls_per_number_per_day = 10
# daily_spend = "250"

# A document elsewhere, for when this server is down.
# fallback_url = "https://static.example.com/apology.xml"

# Signs notifications. Without it: secrets made from `secret`; `linecard notifications secret` shows them.
# notify_secret = "{notify_secret}"
# Where copies of recordings are kept: a folder, an address such as s3://bucket/recordings, or off.
# recordings = "recordings"

# How many days calls, what carriers said, and flight records are kept; 0: for ever.
# keep_days = "calls=400,payloads=30,flights=7"

# Prices that no API of a carrier names; also a table of several files, by provider or account.
# prices = "prices.toml"

# Proxies whose X-Forwarded-For may stand in our logs.
# trusted_proxies = ["10.0.0.0/8"]

# The name of this process among several on one database, the same after a restart.
# instance = "worker-1"

# Credentials at a carrier; `linecard providers` lists what is installed.
# [accounts.main]
# provider = "NAME"
"""


def write_config(path: str | os.PathLike[str]) -> None:
    """Write a linecard.toml with fresh secrets, for its owner's eyes only.

    Raises ConfigurationError when a file is there already, or its folder is not.
    """
    text = _TEMPLATE.format(
        api_key=secrets.token_urlsafe(24),
        secret=secrets.token_urlsafe(48),
        notify_secret=new_secret(),
    )
    try:
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise ConfigurationError(f"{path} exists already and is not touched") from error
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}") from error
    with os.fdopen(number, "w", encoding="utf-8") as file:
        file.write(text)
