"""Settings: secrets that do not print, and the server's own settings from environment and file."""

from linecard.settings.init import write_config
from linecard.settings.keys import Scope, ScopedKey, scoped_keys
from linecard.settings.loading import from_here, load_settings
from linecard.settings.secret import Secret
from linecard.settings.values import (
    ACCOUNT_DEFAULT,
    AccountLimits,
    AccountSettings,
    KeepDays,
    NoPod,
    Settings,
)

__all__ = [
    "ACCOUNT_DEFAULT",
    "AccountLimits",
    "AccountSettings",
    "KeepDays",
    "NoPod",
    "Scope",
    "ScopedKey",
    "Secret",
    "Settings",
    "from_here",
    "load_settings",
    "scoped_keys",
    "write_config",
]
