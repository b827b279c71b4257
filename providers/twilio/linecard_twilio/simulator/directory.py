"""The numbers of a simulated Twilio account, and where each points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from linecard.simulator.handset import plain
from linecard_twilio.simulator.calls import Address, Next, Order, Report
from linecard_twilio.simulator.identity import Ids

NUMBER_DEFAULTS: Mapping[str, str] = {
    "friendly_name": "",
    "voice_url": "",
    "voice_method": "POST",
    "voice_fallback_url": "",
    "voice_fallback_method": "POST",
    "status_callback": "",
    "status_callback_method": "POST",
    "voice_application_sid": "",
    "trunk_sid": "",
    "sms_url": "",
    "sms_method": "POST",
    "voice_caller_id_lookup": "false",
}
"""What a number can be given, and what it has where it is not given."""


@dataclass(slots=True)
class OwnNumber:
    """A rented number."""

    sid: str
    number: str
    settings: dict[str, str] = field(default_factory=lambda: dict(NUMBER_DEFAULTS))

    def order(self) -> Order | None:
        """The addresses of a call that comes in; None where it points at nothing of ours.

        VoiceUrl is passed over while an application or a trunk is set.
        """
        if self.settings["voice_application_sid"] or self.settings["trunk_sid"]:
            return None
        address = self._address("voice_url", "voice_method")
        if address is None:
            return None
        report = self._address("status_callback", "status_callback_method")
        return Order(
            document=Next(address, "voice url"),
            fallback=self._address("voice_fallback_url", "voice_fallback_method"),
            report=Report(report) if report else None,
        )

    def _address(self, url: str, method: str) -> Address | None:
        address = self.settings[url]
        return Address(address, self.settings[method]) if address else None


class Directory:
    """Numbers by their digits. One that is new points at the application's own addresses."""

    def __init__(self, public_url: str, numbers: Sequence[str], ids: Ids) -> None:
        self._ids = ids
        self._defaults = {
            "voice_url": f"{public_url}/twilio/answer?a=main&k=answer",
            "status_callback": f"{public_url}/twilio/callback/status?a=main&k=ended",
        }
        self.numbers: dict[str, OwnNumber] = {}
        self.is_open = not numbers
        for number in numbers:
            self.rent(number)

    def rent(self, number: str) -> OwnNumber:
        """A number, rented now if it was not."""
        digits = plain(number)
        if digits not in self.numbers:
            own = OwnNumber(self._ids.sid("PN"), f"+{digits}")
            own.settings |= {"friendly_name": own.number, **self._defaults}
            self.numbers[digits] = own
        return self.numbers[digits]

    def owns(self, number: str) -> bool:
        """Whether a number may be shown as caller."""
        return plain(number) in self.numbers

    def claim(self, number: str) -> bool:
        """Whether a call may be made from a number; a list given at the start is the only one."""
        if self.is_open:
            self.rent(number)
        return self.owns(number)

    def by_sid(self, sid: str) -> OwnNumber | None:
        """The number of a sid."""
        return next((own for own in self.numbers.values() if own.sid == sid), None)
