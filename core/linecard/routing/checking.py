"""What cannot be seen from the shape of a routing alone: what must be there together, and what must exist."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from linecard.errors import InvalidField
from linecard.routing.plan import Action, Do, Menu, Message, Routing

IN_MENU = "routing.menu."
AFTER_ANSWER = frozenset({Do.AGENT, Do.HANG_UP, Do.REDIRECT})
"""What can be done with a caller who has been spoken to."""


@dataclass(frozen=True, slots=True)
class Carrier:
    """How a caller is spoken to, and asked for a key: by the carrier's documents, or on our own stream.

    `has_sound` tells whether a WAV file is there; `can_synthesise`: texts can be turned into sound here.
    """

    speaks: bool
    gathers: bool
    has_sound: Callable[[str], bool]
    can_synthesise: bool


def check(routing: Routing, check_agent: Callable[[str, str], None], carrier: Carrier) -> None:
    """Raise InvalidField with the path of the first field that cannot work.

    `check_agent(name, path)` raises it for an agent that is not there.
    """
    for path, action in actions(routing):
        _check_action(path, action, routing)
        if action.agent is not None:
            check_agent(action.agent, f"{path}.agent")
    for path, message in messages(routing):
        _check_message(path, message, carrier)
    _check_windows(routing)
    if routing.menu is not None:
        _check_menu(routing.menu, carrier)


def targets(routing: Routing) -> Iterator[tuple[str, str]]:
    """Every number or SIP address that calls are sent to, with its path."""
    for path, action in actions(routing):
        if action.to is not None:
            yield f"{path}.to", action.to


def actions(routing: Routing) -> Iterator[tuple[str, Action]]:
    """Every action with its path."""
    yield "routing.blocked", routing.blocked
    for place, rule in enumerate(routing.rules):
        yield f"routing.rules.{place}", rule
    if routing.rate_limit is not None:
        yield "routing.rate_limit", routing.rate_limit
    if routing.hours is not None:
        yield "routing.hours.closed", routing.hours.closed
        if routing.hours.holiday is not None:
            yield "routing.hours.holiday", routing.hours.holiday
    if routing.menu is not None:
        for place, entry in enumerate(routing.menu.entries):
            yield f"routing.menu.entries.{place}", entry
        yield "routing.menu.otherwise", routing.menu.otherwise


def messages(routing: Routing) -> Iterator[tuple[str, Message]]:
    """Every message with its path."""
    for path, action in actions(routing):
        if action.message is not None:
            yield f"{path}.message", action.message
        if action.unanswered is not None:
            yield f"{path}.unanswered", action.unanswered
    menu = routing.menu
    if menu is None:
        return
    named = [("greeting", menu.greeting), ("invalid", menu.invalid)]
    named += [(f"entries.{place}.prompt", one.prompt) for place, one in enumerate(menu.entries)]
    for name, message in named:
        if message is not None:
            yield f"routing.menu.{name}", message


def _check_action(path: str, action: Action, routing: Routing) -> None:
    if (action.to is None) == (action.do is Do.REDIRECT):
        wrong = "a redirect needs it" if action.to is None else "is for a redirect alone"
        raise InvalidField(f"{path}.to", wrong)
    if action.unanswered is not None and action.do is not Do.REDIRECT:
        raise InvalidField(f"{path}.unanswered", "is for a redirect alone")
    if action.agent is not None and action.do is not Do.AGENT:
        raise InvalidField(f"{path}.agent", f"an action that does {action.do} has no agent")
    if action.message is not None and action.do is Do.MENU:
        raise InvalidField(f"{path}.message", "a menu has a greeting of its own")
    if action.do is Do.MENU and routing.menu is None:
        raise InvalidField(f"{path}.do", "there is no menu")
    if path.startswith(IN_MENU) and action.do not in AFTER_ANSWER:
        there = ", ".join(sorted(AFTER_ANSWER))
        raise InvalidField(f"{path}.do", f"in a menu the call is answered; there are: {there}")


def _check_message(path: str, message: Message, carrier: Carrier) -> None:
    if message.sound is not None and not carrier.has_sound(message.sound):
        raise InvalidField(f"{path}.sound", "there is no such WAV file in LINECARD_SOUNDS")
    if carrier.gathers if path.startswith(IN_MENU) else carrier.speaks:
        if message.say is None and message.play is None:
            raise InvalidField(path, "needs a text to say, or the address of a sound to play")
    elif message.sound is None and not (message.say and carrier.can_synthesise):
        raise InvalidField(
            f"{path}.sound",
            "this carrier speaks no texts: give a WAV file in LINECARD_SOUNDS, "
            "or a text to say where espeak-ng is installed",
        )


def _check_windows(routing: Routing) -> None:
    for place, window in enumerate(routing.hours.windows if routing.hours else ()):
        if window.from_ == window.to:
            raise InvalidField(
                f"routing.hours.windows.{place}.to",
                "is the same as from; a whole day is 00:00 to 24:00",
            )


def _check_menu(menu: Menu, carrier: Carrier) -> None:
    keys: set[str] = set()
    for place, entry in enumerate(menu.entries):
        path = f"routing.menu.entries.{place}"
        if entry.key in keys:
            raise InvalidField(f"{path}.key", f"the key {entry.key} is there twice")
        keys.add(entry.key)
        unspoken = entry.prompt is None and menu.greeting is None
        if unspoken and not (carrier.gathers or carrier.can_synthesise):
            raise InvalidField(
                f"{path}.prompt", "nobody says what this key is for: a WAV file is needed"
            )
