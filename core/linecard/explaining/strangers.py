"""What can be said of a call that is on no record: the carrier told of it, and it was not taken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from linecard.explaining.sentences import Explanation, Sentence, Topic
from linecard.explaining.words import clean, party
from linecard.numbers import Number
from linecard.store.inbox import Entry

ASKED = "answer-requested"


def explain_stranger(name: str, entries: Sequence[Entry], number: Number | None) -> Explanation:
    """Why no call of ours has the carrier's name `name`; `number` is the dialled one, where it is registered now."""
    asked = next((one for one in entries if one.payload.get("event") == ASKED), None)
    said = [_told(entry) for entry in entries]
    words, advised = _why(asked, number) if asked else (NO_ANSWER, ())
    return Explanation(
        call=None,
        summary=f"No call of ours has the name {clean(name)}. {words}",
        began=entries[0].at if entries else None,
        sentences=(*said, *_about(asked)),
        advice=advised,
    )


NO_ANSWER = "The carrier's reports of it were kept; none of them asked for an answer."


def _told(entry: Entry) -> Sentence:
    carrier = f"{clean(entry.provider)}:{clean(entry.account)}"
    words = f"{carrier} told of it: {clean(entry.payload.get('event', 'nothing that is known'))}."
    return Sentence(Topic.CALL, words, entry.at)


def _about(asked: Entry | None) -> Iterator[Sentence]:
    if asked is not None:
        from_, to = (asked.payload.get(name) for name in ("from_", "to"))
        words = f"{_party(from_)} called {_party(to)}, and was refused before the answer."
        yield Sentence(Topic.CALL, words, asked.at)


def _party(number: object) -> str:
    return party(str(number) if number else None)


def _why(asked: Entry, number: Number | None) -> tuple[str, tuple[str, ...]]:
    """The first that fits as the register stands now."""
    to = _party(asked.payload.get("to"))
    if number is None:
        words = f"It was refused: the number {to} is not registered."
        return words, (f"Register the number {to}: 'linecard numbers add'.",)
    if (number.provider, number.account) != (asked.provider, asked.account):
        words = f"It was refused: {to} is registered with {number.provider}:{number.account}."
        change = f"Register it with {asked.provider}:{asked.account}, or point it elsewhere there."
        return words, (change,)
    if not number.enabled:
        return f"It was refused: the number {to} is switched off.", ("Switch the number on.",)
    return (
        f"It was refused although {to} is registered now: the server was stopping, a limit was reached "
        "(LINECARD_MAX_LIVE_CALLS, or the number's channels), or the number was registered later.",
        ("The server's log says why, in the line 'inbound call refused'.",),
    )
