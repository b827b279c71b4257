"""The table: every outcome of every way, and whoever leaves at every step of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from linecard.simulator.ledger import What
from linecard.simulator.phone import BUSY, NO_ANSWER, Phone
from linecard.simulator.script import HangUp, Wait
from tests.calls.transfers.cues import CALLER, Cue, Legs, Sign, Until
from tests.calls.transfers.people import (
    FAILS,
    MACHINE,
    REFUSES,
    REJECTS,
    answers,
    hears,
    rings,
    talks,
)
from tests.calls.transfers.ways import At, Way, ways_of

BRIDGED = "bridged"
BACK = frozenset({"busy", "no-answer", "declined", "voicemail", "failed"})
"""Results after which the agent has the caller again, on a stream."""
GONE = frozenset({"over", "none"})
"""The agent of a caller who is gone is told so, or had never begun."""
IN_ORDER = MappingProxyType({"order": "sequence"})


@dataclass(slots=True)
class Moments:
    """The moments of one case: what its people wait for."""

    legs: Legs
    asking: Cue = field(default_factory=Cue)
    """The agent is about to ask."""
    back: Cue = field(default_factory=Cue)
    """The agent has the caller again."""
    told: Cue = field(default_factory=Cue)
    """A phone tells that it has come to the step."""

    def bridged(self, who: int = 0) -> Cue:
        return self.legs.cue(Sign(who, What.BRIDGED))


Targets = Callable[[Way, Moments], tuple[Phone, ...]]


@dataclass(frozen=True, slots=True)
class Scene:
    """What is asked for, of whom, and the one result that it has."""

    targets: Targets
    result: str
    wish: Mapping[str, Any] = field(default_factory=dict)
    fits: Callable[[At], bool] = lambda at: True
    why_not: str = ""
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    """The result at carriers that say it otherwise, of what one document does."""

    def result_at(self, at: At) -> str:
        return self.result if at.way.consults else self.elsewhere.get(at.carrier, self.result)


def asks(at: At) -> bool:
    return at.way.key


ONLY_KEYS = "nobody is asked for a key"

OUTCOMES: Mapping[str, Scene] = MappingProxyType(
    {
        "bridged": Scene(lambda way, at: (talks(way, at.bridged()),), BRIDGED),
        "busy": Scene(lambda way, at: (BUSY,), "busy"),
        "no answer": Scene(lambda way, at: (NO_ANSWER,), "no-answer"),
        "failed": Scene(lambda way, at: (FAILS,), "failed"),
        "rejected": Scene(
            lambda way, at: (REJECTS,),
            "declined",
            # DialCallStatus has no word for a refusal, and the SIP code (603) comes to the leg's own
            # callback alone; nor has Exotel's DialCallStatus.
            elsewhere={"twilio": "busy", "exotel": "busy"},
        ),
        "another key": Scene(
            lambda way, at: (REFUSES,),
            "declined",
            fits=asks,
            why_not=ONLY_KEYS,
            # Its Dial says only that the key did not come.
            elsewhere={"plivo": "voicemail"},
        ),
        "no key": Scene(lambda way, at: (MACHINE,), "voicemail", fits=asks, why_not=ONLY_KEYS),
        "second of two in order": Scene(
            lambda way, at: (BUSY, talks(way, at.bridged(1))), BRIDGED, wish=IN_ORDER
        ),
        "first of two in order": Scene(
            lambda way, at: (talks(way, at.bridged()), rings(way)), BRIDGED, wish=IN_ORDER
        ),
        "none of two in order": Scene(
            lambda way, at: (BUSY, NO_ANSWER),
            "no-answer",
            wish=IN_ORDER,
            # It says of several only that each is over, never how all went.
            elsewhere={"exotel": "failed"},
        ),
        "a machine, then a human": Scene(
            lambda way, at: (MACHINE, talks(way, at.bridged(1))),
            BRIDGED,
            wish=IN_ORDER,
            fits=asks,
            why_not=ONLY_KEYS,
        ),
        "one of two at once": Scene(
            lambda way, at: (NO_ANSWER, talks(way, at.bridged(1))), BRIDGED
        ),
        "the quicker of two": Scene(
            lambda way, at: (talks(way, at.bridged()), rings(way, 1.5)), BRIDGED
        ),
        "both at once": Scene(
            lambda way, at: (talks(way, at.bridged()), talks(way, at.bridged(1))), BRIDGED
        ),
        "none of two at once": Scene(
            lambda way, at: (BUSY, NO_ANSWER),
            "no-answer",
            elsewhere={"exotel": "failed"},
        ),
    }
)
"""How a transfer may end when the caller stays."""


class Who(StrEnum):
    """Who leaves; the agent by hanging up, or by failing."""

    CALLER = "the caller leaves"
    AGENT = "the agent hangs up"
    FAILURE = "the agent fails"
    TARGET = "the target leaves"


Moment = Callable[[Moments], Cue]


def sign(who: int, what: What, nth: int = 1) -> Moment:
    return lambda at: at.legs.cue(Sign(who, what, nth))


@dataclass(frozen=True, slots=True)
class Step:
    """A moment of a transfer. `after`: what the ledger must show before whoever leaves has left, `not_yet` what it
    must not: so that the step was really reached, and not passed."""

    targets: Targets
    moment: Moment
    after: tuple[Sign, ...] = ()
    not_yet: tuple[Sign, ...] = ()
    wish: Mapping[str, Any] = field(default_factory=dict)
    who: tuple[Who, ...] = (Who.CALLER, Who.AGENT)
    results: frozenset[str] = frozenset({*GONE, *BACK, "refused"})
    fits: Callable[[At], bool] = lambda at: True
    why_not: str = ""
    waits: bool = False
    """The agent asks once the caller is gone."""


ANSWERED, RINGING, HUNG_UP = What.ANSWERED, What.RINGING, What.HUNG_UP
FIRST_BRIDGED = Sign(0, What.BRIDGED)
CONNECTED = frozenset({BRIDGED})

STEPS: Mapping[str, Step] = MappingProxyType(
    {
        "before the request": Step(
            lambda way, at: (rings(way),),
            lambda at: at.asking,
            not_yet=(Sign(0, ANSWERED),),
            who=(Who.CALLER,),
            waits=True,
        ),
        "with the request": Step(
            lambda way, at: (rings(way),), lambda at: at.asking, not_yet=(Sign(0, ANSWERED),)
        ),
        "on the way": Step(
            lambda way, at: (rings(way),),
            sign(CALLER, What.STREAM_CLOSED),
            after=(Sign(CALLER, What.STREAM_CLOSED),),
            not_yet=(Sign(0, ANSWERED),),
            fits=lambda at: not at.way.consults,
            why_not="the stream goes on until a target is ready: `joining` is that way",
        ),
        "ringing": Step(
            lambda way, at: (rings(way),),
            sign(0, RINGING),
            after=(Sign(0, RINGING),),
            not_yet=(Sign(0, ANSWERED),),
            who=(Who.CALLER, Who.AGENT, Who.FAILURE),
            results=frozenset({*GONE, *BACK, "refused", BRIDGED}),
        ),
        "whispering": Step(
            lambda way, at: (hears(whisper=at.told),),
            lambda at: at.told,
            after=(Sign(0, ANSWERED),),
            not_yet=(FIRST_BRIDGED,),
            who=(Who.CALLER, Who.AGENT, Who.TARGET),
            fits=lambda at: at.way.whispers,
            why_not="nothing is said to the target",
        ),
        "asked for the key": Step(
            lambda way, at: (hears(question=at.told),),
            lambda at: at.told,
            after=(Sign(0, ANSWERED),),
            not_yet=(FIRST_BRIDGED,),
            who=(Who.CALLER, Who.AGENT, Who.TARGET),
            fits=asks,
            why_not=ONLY_KEYS,
        ),
        "joining": Step(
            lambda way, at: (answers(way),),
            sign(0, What.JOINED),
            after=(Sign(0, What.JOINED),),
            who=(Who.CALLER, Who.AGENT, Who.TARGET),
            results=frozenset({*GONE, *BACK, "refused", BRIDGED}),
            fits=lambda at: at.way.consults,
            why_not="no target waits in a room",
        ),
        "bridged": Step(
            lambda way, at: (answers(way),),
            sign(0, What.BRIDGED),
            after=(FIRST_BRIDGED,),
            who=(Who.CALLER, Who.AGENT, Who.FAILURE, Who.TARGET),
            results=frozenset({BRIDGED, "over"}),
        ),
        "as the target leaves": Step(
            lambda way, at: (talks(way, at.bridged()),),
            sign(0, HUNG_UP),
            after=(FIRST_BRIDGED, Sign(0, HUNG_UP)),
            results=CONNECTED,
        ),
        "back with the agent": Step(
            lambda way, at: (BUSY,),
            lambda at: at.back,
            after=(Sign(0, HUNG_UP),),
            results=frozenset({"busy"}),
        ),
        "between two in order": Step(
            lambda way, at: (BUSY, rings(way)),
            sign(0, HUNG_UP),
            after=(Sign(0, HUNG_UP),),
            not_yet=(Sign(1, ANSWERED),),
            wish=IN_ORDER,
        ),
        "the second rings": Step(
            lambda way, at: (BUSY, rings(way)),
            sign(1, RINGING),
            after=(Sign(0, HUNG_UP), Sign(1, RINGING)),
            not_yet=(Sign(1, ANSWERED),),
            wish=IN_ORDER,
        ),
        "two ring at once": Step(
            lambda way, at: (rings(way, 9.0), rings(way, 5.0)),
            sign(1, RINGING),
            after=(Sign(0, RINGING), Sign(1, RINGING)),
            not_yet=(Sign(0, ANSWERED), Sign(1, ANSWERED)),
        ),
        "one of two answers": Step(
            # A carrier may keep the second dial waiting for its pace.
            lambda way, at: (answers(way, ring_seconds=6.0), rings(way, 11.0)),
            sign(0, ANSWERED),
            after=(Sign(0, ANSWERED), Sign(1, RINGING)),
            not_yet=(Sign(1, ANSWERED),),
            results=frozenset({*GONE, *BACK, "refused", BRIDGED}),
        ),
    }
)
"""Where somebody may leave."""

AS_BOTH_LEAVE = STEPS["as the target leaves"]


def may_never_be_told(at: At) -> bool:
    """Of a target that was spoken to and not asked, one carrier tells only with the Dial's action that it was
    connected; of a caller who leaves in the moment in which that is due it may never come."""
    return at.carrier == "twilio" and at.way.whispers and not (at.way.key or at.way.consults)


NO_HANG_UP = (
    "no request ends a call there: what an agent wants ended goes on until its people hang up"
)
CANNOT_LEAVE: Mapping[tuple[str, Who | None], str] = MappingProxyType(
    {("exotel", Who.AGENT): NO_HANG_UP}
)
"""Who cannot end a call at a carrier: whoever was dialled may then answer after all, and be talked to."""


@dataclass(frozen=True, slots=True)
class Case:
    """One line of the table; `who` None: everybody stays. `by_sip`: the targets are SIP addresses."""

    at: At
    name: str
    targets: Targets
    results: frozenset[str]
    wish: Mapping[str, Any] = field(default_factory=dict)
    who: Who | None = None
    step: Step | None = None
    by_sip: bool = False

    def __str__(self) -> str:
        return f"{self.at}: {self.name}" + (f", {self.who.value}" if self.who else "")


def may_talk_on(case: Case) -> bool:
    """Who was connected before the agent failed, or at a carrier that ends no call, talks as long as they like."""
    return case.who is Who.FAILURE or (case.at.carrier, case.who) in CANNOT_LEAVE


def outcomes(at: At) -> Iterator[Case]:
    """Every outcome that the way has."""
    for name, one in OUTCOMES.items():
        if one.fits(at):
            yield Case(at, name, one.targets, frozenset({one.result_at(at)}), one.wish)


def callers_leave(at: At) -> Iterator[Case]:
    """The caller leaves, at every step that the way has."""
    return (one for one in partings(at) if one.who is Who.CALLER)


def others_leave(at: At) -> Iterator[Case]:
    """The agent leaves or fails, or the target leaves, at every step that the way has."""
    return (one for one in partings(at) if one.who is not Who.CALLER)


def partings(at: At) -> Iterator[Case]:
    """Everybody who may leave, at every step that the way has."""
    for name, step in STEPS.items():
        for who in step.who if step.fits(at) else ():
            yield Case(at, name, _targets(step, who), _results(at, step, who), step.wish, who, step)


def taking_turns(carrier: str, table: Callable[[At], Iterator[Case]]) -> list[Case]:
    """A sample: of each line of a table one case, the ways of the carrier taking turns."""
    able: dict[tuple[str, Who | None], list[Case]] = {}
    for at in ways_of(carrier, brief=False):
        for case in table(at):
            able.setdefault((case.name, case.who), []).append(case)
    return [cases[place % len(cases)] for place, cases in enumerate(able.values())]


def _targets(step: Step, who: Who) -> Targets:
    """The people of a step; a target who is to leave does so at its moment."""
    if who is not Who.TARGET:
        return step.targets

    def leaving(way: Way, at: Moments) -> tuple[Phone, ...]:
        first, *others = step.targets(way, at)
        kept = tuple(one for one in first.script if not isinstance(one, Wait) or one.seconds < 5)
        return (_leaving(first, kept, step.moment(at)), *others)

    return leaving


def _leaving(phone: Phone, kept: tuple[Any, ...], moment: Cue) -> Phone:
    return replace(phone, script=(*kept, Until(moment), HangUp()))


def _results(at: At, step: Step, who: Who) -> frozenset[str]:
    more = CONNECTED if (at.carrier, who) in CANNOT_LEAVE else frozenset()
    untold = GONE if step is AS_BOTH_LEAVE and may_never_be_told(at) else frozenset()
    return step.results | more | untold
