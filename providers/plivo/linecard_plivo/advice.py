"""What a person can do about Plivo's hang-up codes (troubleshooting, hangup causes). `{public}` and `{wss}` are ours."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_UNREACHED = (
    "Plivo got no usable answer from {public}: check that it is reached from outside within 15 s and that "
    "no proxy in front answers in our place."
)
_INVALID = (
    "Plivo could not read our document: an element that it does not know, or an empty body. See whether a "
    "proxy changes it; where it does not, this is a fault of the plugin, and the flight record shows the document."
)

ADVICE: Mapping[str, str] = MappingProxyType(
    {
        "1010": "Add credit to the account at Plivo.",
        "1020": "The account may dial no more calls at once: wait, or ask Plivo for more.",
        "2000": "See whether the number that was dialled exists and is written whole, in E.164.",
        "2020": "The SIP endpoint that was dialled is not registered at Plivo.",
        "2030": "Allow the destination's country in Plivo's console, under the geographic permissions of voice.",
        "2040": "Plivo bars this very number; ask its support.",
        "2050": "Allow the destination's prefix in Plivo's console, under the geographic permissions of voice.",
        "2060": "About 70 redirects and transfers end a call: look for a document that redirects to itself.",
        "2070": "Calls in India may have no leg and no audio server outside India: serve {wss} from inside it.",
        "3030": "Call from a number that the account owns; calls in India need an Indian one.",
        "3050": "The number that was dialled does not exist.",
        "3090": "The networks behind Plivo are congested: try again later.",
        "3130": "The number is taken for spam: call more slowly, and from numbers that are answered.",
        "3140": "Call from a number that is not on the do-not-originate list.",
        "5030": "The account has as many calls as it may: wait, or ask Plivo for more channels.",
        "6020": "No sound for a minute: look at the network between Plivo and {wss}.",
        "7011": _UNREACHED,
        "7012": _UNREACHED,
        "7013": _UNREACHED,
        "7014": _UNREACHED,
        "8011": _INVALID,
        "8012": _INVALID,
        "8013": _INVALID,
        "8014": _INVALID,
    }
)
