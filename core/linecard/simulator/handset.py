"""One call at a simulated phone, and the book of all phones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from linecard.simulator.phone import SILENT, Phone
from linecard.simulator.script import Act
from linecard.simulator.sound import RATE, SILENCE


@dataclass(slots=True, eq=False)
class Handset:
    """One call at a phone. `said` and `heard` are sound since the answer, sample for sample alike.

    `pressed` and `digits_heard` are keys with the sample at which they came.
    """

    number: str
    phone: Phone
    said: bytearray = field(default_factory=bytearray)
    heard: bytearray = field(default_factory=bytearray)
    pressed: list[tuple[int, str]] = field(default_factory=list)
    digits_heard: list[tuple[int, str]] = field(default_factory=list)
    gave_up: list[str] = field(default_factory=list)
    last_heard: bytes = SILENCE
    _acts: Iterator[Act] | None = None

    @property
    def position(self) -> int:
        """Samples since the answer."""
        return len(self.said) // 2

    def speak(self) -> Act:
        """What the person does in the next frame."""
        if self._acts is None:
            self._acts = self._script()
        act = Act(hangs_up=True) if self._is_out_of_time() else next(self._acts)
        if act.digit:
            self.pressed.append((self.position, act.digit))
        self.said += act.sound
        return act

    def hear(self, frame: bytes) -> None:
        """Hear a frame."""
        self.heard += frame
        self.last_heard = frame

    def hear_digits(self, digits: str) -> None:
        """Hear keys that the other side pressed."""
        self.digits_heard += [(self.position, digit) for digit in digits]

    def _is_out_of_time(self) -> bool:
        limit = self.phone.hang_up_after
        return limit is not None and self.position >= limit * RATE

    def _script(self) -> Iterator[Act]:
        for step in self.phone.script:
            yield from step.acts(self)
        if self.phone.hangs_up:
            yield Act(hangs_up=True)
        while True:
            yield Act()


def plain(number: str) -> str:
    """A number without what carriers write around its digits; a SIP address as it is."""
    return number if number.startswith("sip:") else number.lstrip("+").replace(" ", "")


class PhoneBook:
    """Which phone is at a number, and every call that it has had.

    A number may have a row of phones: one for each call, the last for all that follow.
    """

    def __init__(self, default: Phone = SILENT) -> None:
        self.default = default
        self._phones: dict[str, list[Phone]] = {}
        self._handsets: dict[str, list[Handset]] = {}

    def __setitem__(self, number: str, phone: Phone | Sequence[Phone]) -> None:
        phones = [phone] if isinstance(phone, Phone) else list(phone)
        if not phones:
            raise ValueError(f"no phone given for {number}")
        self._phones[plain(number)] = phones

    def __getitem__(self, number: str) -> Phone:
        return self._phones.get(plain(number), [self.default])[0]

    def call(self, number: str) -> Handset:
        """The handset of the next call to a number."""
        row = self._phones.get(plain(number), [self.default])
        phone = row.pop(0) if len(row) > 1 else row[0]
        return self.lift(number, phone)

    def lift(self, number: str, phone: Phone) -> Handset:
        """The handset of somebody who calls from a number with a phone of their own."""
        handset = Handset(number, phone)
        self._handsets.setdefault(plain(number), []).append(handset)
        return handset

    def handsets(self, number: str) -> tuple[Handset, ...]:
        """Every call of a number, in order, with what was heard and said."""
        return tuple(self._handsets.get(plain(number), ()))
