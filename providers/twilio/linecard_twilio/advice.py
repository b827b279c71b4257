"""What a person can do about Twilio's codes: SIP codes of an end, error codes of a refused request.

SIP codes are RFC 3261's and 8197's; error codes stand in Twilio's own dictionary of errors.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

ADVICE: Mapping[str, str] = MappingProxyType(
    {
        "403": "The far carrier forbids the call: check the caller id and Twilio's geographic permissions of voice.",
        "404": "The number that was dialled does not exist.",
        "484": "The number that was dialled is not whole.",
        "488": "The far side takes none of the codecs; Twilio's support can say which were offered.",
        "503": "The far carrier is down or congested: try again later.",
        "607": "Whoever was called does not want this caller: take the number off your list.",
        "608": "The far carrier takes the calls for unwanted: call more slowly, from numbers that are answered.",
        "13227": "Allow the destination's country in Twilio's console: Voice, Settings, Geo permissions.",
        "20003": "Twilio does not take the account's id and token: set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN.",
        "21215": "Allow the destination's country in Twilio's console: Voice, Settings, Geo permissions.",
        "32205": "Allow the destination's prefix in Twilio's console: Voice, Settings, Geo permissions.",
        "22005": "More calls are queued at Twilio than it dials in a day: dial more slowly.",
    }
)
