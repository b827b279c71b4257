"""Addresses of the legs of a room. Plivo's reports do not say which leg of ours one is, so our address does.

One field of our own stands at the end of a target's: `of`, the leg's name, signed with the rest.
"""

from __future__ import annotations

import re

from linecard import CarrierRequest, RequestRefused

CALLER = "caller"
_NAME = re.compile(r"target:[1-9][0-9]?")


def for_leg(url: str, name: str) -> str:
    """The address that hears of one target of a consultation, `target:1`."""
    return f"{url}{'&' if '?' in url else '?'}of={name.replace(':', '.')}"


def leg_of(request: CarrierRequest) -> str | None:
    """The leg that an address is of; None for a Dial's, and the caller's. Raises RequestRefused (403) for one of nobody's."""
    said = dict(request.query).get("of")
    if said is None:
        return None
    name = said.replace(".", ":")
    if not _NAME.fullmatch(name):
        raise RequestRefused("the address is not one that we gave out")
    return name
