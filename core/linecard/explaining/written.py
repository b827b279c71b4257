"""An explanation as text for a person at a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from textwrap import wrap

from linecard.explaining.sentences import Explanation, Sentence, Topic

WIDTH = 110
MARGIN = 12


def written(explanation: Explanation) -> Iterator[str]:
    """Line by line; before each sentence stand the seconds since the call began."""
    yield from wrap(explanation.summary, WIDTH)
    for topic in Topic:
        said = [one for one in explanation.sentences if one.topic is topic]
        if said:
            yield ""
            yield str(topic)
        for one in said:
            yield from _lines(one, explanation.began)
    if explanation.advice:
        yield ""
        yield "What to do"
    for words in explanation.advice:
        yield from wrap(words, WIDTH, initial_indent="  - ", subsequent_indent="    ")


def _lines(one: Sentence, began: datetime | None) -> list[str]:
    when = "" if one.at is None or began is None else f"{(one.at - began).total_seconds():+.1f} s"
    head = f"{when:>{MARGIN - 2}}  "
    return wrap(one.text, WIDTH, initial_indent=head, subsequent_indent=" " * MARGIN)
