"""The numbers and applications of a simulated Plivo account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from linecard.simulator.handset import plain
from linecard_plivo.simulator.calls import Address, Order
from linecard_plivo.simulator.identity import Ids

APPLICATION_DEFAULTS: Mapping[str, object] = {
    "answer_url": "",
    "answer_method": "POST",
    "hangup_url": "",
    "hangup_method": "POST",
    "fallback_answer_url": "",
    "fallback_method": "POST",
    "message_url": "",
    "message_method": "POST",
    "public_uri": False,
    "log_incoming_messages": True,
    "sub_account": None,
}
"""What an application can be given, and what it has where it is not given."""


@dataclass(slots=True)
class Application:
    """Where inbound calls of its numbers go."""

    app_id: str
    app_name: str
    settings: dict[str, object] = field(default_factory=lambda: dict(APPLICATION_DEFAULTS))
    is_default: bool = False

    def order(self) -> Order:
        """The addresses of a call that comes in on it."""
        return Order(
            answer=self._address("answer_url", "answer_method") or Address(""),
            hangup=self._address("hangup_url", "hangup_method"),
            fallback=self._address("fallback_answer_url", "fallback_method"),
        )

    def _address(self, url: str, method: str) -> Address | None:
        address = str(self.settings[url] or "")
        return Address(address, str(self.settings[method])) if address else None


@dataclass(slots=True)
class OwnNumber:
    """A rented number. `app_id` None: it points at nothing."""

    number: str
    app_id: str | None
    alias: str | None = None


class Directory:
    """Numbers and applications by their ids. Every number begins on the default application."""

    def __init__(self, public_url: str, numbers: Sequence[str], ids: Ids) -> None:
        self._ids = ids
        self.numbers: dict[str, OwnNumber] = {}
        self.applications: dict[str, Application] = {}
        self.default = self.create("default", _default_settings(public_url))
        self.default.is_default = True
        self.is_open = not numbers
        for number in numbers:
            self.rent(number)

    def create(self, name: str, settings: Mapping[str, object]) -> Application:
        """A new application."""
        application = Application(self._ids.digits(17), name)
        application.settings.update(settings)
        self.applications[application.app_id] = application
        return application

    def rent(self, number: str) -> OwnNumber:
        """A number, rented now if it was not; on the default application."""
        return self.numbers.setdefault(plain(number), OwnNumber(plain(number), self.default.app_id))

    def owns(self, number: str) -> bool:
        """Whether a number may be shown as caller."""
        return plain(number) in self.numbers

    def claim(self, number: str) -> bool:
        """Whether a call may be made from a number; a list given at the start is the only one."""
        if self.is_open:
            self.rent(number)
        return self.owns(number)

    def inbound(self, number: str) -> Order | None:
        """The addresses for a call to a number; None where it points at no application."""
        app_id = self.rent(number).app_id
        return self.applications[app_id].order() if app_id in self.applications else None


def _default_settings(public_url: str) -> dict[str, object]:
    return {
        "answer_url": f"{public_url}/plivo/answer",
        "hangup_url": f"{public_url}/plivo/callback/status",
    }
