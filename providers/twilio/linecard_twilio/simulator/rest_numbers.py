"""The endpoints of the account's numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linecard.simulator.handset import plain
from linecard_twilio.simulator.directory import NUMBER_DEFAULTS, OwnNumber
from linecard_twilio.simulator.documents import is_web_address
from linecard_twilio.simulator.fields import API_VERSION
from linecard_twilio.simulator.placing import METHODS
from linecard_twilio.simulator.replies import (
    BAD_VALUE,
    ApiReply,
    ApiRequest,
    Refused,
    account_path,
    missing,
    page,
)

if TYPE_CHECKING:
    from linecard_twilio.simulator.switch import Switch

BAD_URLS = {"VoiceUrl": 21502, "VoiceFallbackUrl": 21502, "StatusCallback": 21609, "SmsUrl": 21502}
PARAMETERS = {
    "".join(part.capitalize() for part in name.split("_")): name for name in NUMBER_DEFAULTS
}
"""`VoiceUrl` and its like: the setting that each changes."""
SHOWN = tuple(name for name in NUMBER_DEFAULTS if name != "voice_caller_id_lookup")


async def list_numbers(switch: Switch, request: ApiRequest) -> ApiReply:
    """GET IncomingPhoneNumbers.json; PhoneNumber may be a part of one."""
    wanted = request.asked("PhoneNumber")
    if wanted is not None and plain(wanted).isdecimal():
        switch.directory.claim(wanted)
    found = [
        _number(switch, own)
        for own in switch.directory.numbers.values()
        if wanted is None or plain(wanted) in own.number
    ]
    return page(request, "incoming_phone_numbers", found)


async def get_number(switch: Switch, request: ApiRequest) -> ApiReply:
    """GET IncomingPhoneNumbers/{PN}.json."""
    return ApiReply(200, _number(switch, _known(switch, request)))


async def update_number(switch: Switch, request: ApiRequest) -> ApiReply:
    """POST IncomingPhoneNumbers/{PN}.json: changes what is given; an empty text takes it away."""
    own = _known(switch, request)
    changes = {}
    for name, value in request.form:
        setting = PARAMETERS.get(name)
        if setting is None:
            continue
        _check(name, value)
        changes[setting] = value
    own.settings |= changes
    return ApiReply(200, _number(switch, own))


def _check(name: str, value: str) -> None:
    if name in BAD_URLS and value and not is_web_address(value):
        raise Refused(400, BAD_URLS[name], f"{name} is not a valid URL: {value}")
    if name.endswith("Method") and value not in METHODS:
        raise Refused(400, BAD_VALUE, f"{name} must be GET or POST")


def _known(switch: Switch, request: ApiRequest) -> OwnNumber:
    own = switch.directory.by_sid(request.path["number"])
    if own is None:
        raise missing(request.url)
    return own


def _number(switch: Switch, own: OwnNumber) -> dict[str, Any]:
    account = switch.credentials.account_sid
    return {
        "sid": own.sid,
        "account_sid": account,
        "phone_number": own.number,
        **{name: own.settings[name] for name in SHOWN},
        "voice_application_sid": own.settings["voice_application_sid"] or None,
        "trunk_sid": own.settings["trunk_sid"] or None,
        "voice_caller_id_lookup": own.settings["voice_caller_id_lookup"] == "true",
        "voice_receive_mode": "voice",
        "capabilities": {"voice": True, "sms": True, "mms": True, "fax": False},
        "status": "in-use",
        "origin": "twilio",
        "beta": False,
        "address_requirements": "none",
        "api_version": API_VERSION,
        "date_created": "Mon, 01 Jan 2024 00:00:00 +0000",
        "date_updated": "Mon, 01 Jan 2024 00:00:00 +0000",
        "uri": f"{account_path(account)}/IncomingPhoneNumbers/{own.sid}.json",
        "subresource_uris": {},
    }
