"""How often and how patiently Twilio asks our addresses: rules that ride in the address's fragment.

The fragment is neither sent nor signed (Twilio: webhook connection overrides). By default Twilio
asks again only where no connection came about, so one 502 of a proxy would cost the call. Stream
addresses and stream status callbacks take no rules.
"""

from __future__ import annotations

ANSWER_RULES = "ct=2000&rt=4000&rc=2&rp=ct,rt,5xx"
CALLBACK_RULES = "rc=5&rp=ct,rt,5xx"


def for_document(url: str) -> str:
    """An address that a document is waited for at: connect 2 s, answer 4 s, two more tries."""
    return _with_rules(url, ANSWER_RULES)


def for_callback(url: str) -> str:
    """An address that is only told something: five more tries."""
    return _with_rules(url, CALLBACK_RULES)


def _with_rules(url: str, rules: str) -> str:
    return url if "#" in url else f"{url}#{rules}"
