"""What an explanation is made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Topic(StrEnum):
    """What a sentence is about; also its heading, in the order in which they are shown."""

    CALL = "The call"
    ANSWER = "Ringing and answer"
    AGENT = "Agent"
    AUDIO = "Audio"
    RECORDING = "Recording"
    TRANSFER = "Transfer"
    END = "End"
    ODD = "Out of the ordinary"
    TOLD = "Notifications"
    PRICE = "Price"


@dataclass(frozen=True, slots=True)
class Sentence:
    """One thing that is known, in words; `at` is when it happened, None for what sums up."""

    topic: Topic
    text: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a call went as it did.

    `call` is None where no call of ours is known under the asked name. `began` is the moment from which
    a reader counts. `advice` is what a person can do; empty where there is nothing.
    """

    call: str | None
    summary: str
    began: datetime | None
    sentences: tuple[Sentence, ...]
    advice: tuple[str, ...] = ()
