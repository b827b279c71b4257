"""Outcomes that a live call writes by itself; all others are the agent's own words."""

from __future__ import annotations

OPTED_OUT = "opted-out"
VOICEMAIL_LEFT = "voicemail-left"
VOICEMAIL_CUT_SHORT = "voicemail-cut-short"
"""The machine did not hear all of the message."""
