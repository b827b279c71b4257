"""Plugins: find them, check them, register them, and call an account's hooks through its relay."""

from linecard.plugins.discovery import OtherPlugin, ProviderPlugin, Skipped
from linecard.plugins.implemented import capabilities, hooks_to_do
from linecard.plugins.listing import Row, describe
from linecard.plugins.registry import Plugins
from linecard.plugins.relay import Relay

__all__ = [
    "OtherPlugin",
    "Plugins",
    "ProviderPlugin",
    "Relay",
    "Row",
    "Skipped",
    "capabilities",
    "describe",
    "hooks_to_do",
]
