"""What Exotel knows of a call. Duration and price are filled in about two minutes after its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import quote
from zoneinfo import ZoneInfo

from linecard import CallLookup, Cleared, Found, InvalidField, LegEnded
from linecard_exotel import prices
from linecard_exotel.e164 import read_number
from linecard_exotel.moments import moment
from linecard_exotel.readings import recording_ready
from linecard_exotel.replies import CallRecord, ManyCalls, OneCall, whole
from linecard_exotel.rest import Question, Rest
from linecard_exotel.settings import ExotelSettings
from linecard_exotel.statuses import ENDS, GOING_ON, end_of, length_of

CLOCK_SLACK = timedelta(seconds=5)
"""How far Exotel's clock may be behind ours."""
LONG_AGO = datetime.fromtimestamp(0, UTC)
WINDOW = timedelta(hours=1)
"""A call that began later is another one."""
MOST_CALLS = 100


async def find(rest: Rest, ids: Mapping[str, str]) -> CallLookup:
    """The state of one call."""
    known = ids.get("call_sid")
    if known is None:
        return CallLookup(found=Found.CANNOT_TELL)
    asked = Question(f"Calls/{quote(known, safe='')}", query=[("details", "true")])
    answer = await rest.find(asked, OneCall)
    return (
        CallLookup(found=Found.NOT_FOUND) if answer is None else _state(rest.settings, answer.call)
    )


async def search(rest: Rest, from_: str, to: Cleared, since: float) -> Sequence[CallLookup]:
    """The calls to a customer from an ExoPhone that began after `since`, a Unix time.

    Exotel's own filters are not relied on: what it lists is compared once more.
    """
    zone = ZoneInfo(rest.settings.timezone)
    begin = datetime.fromtimestamp(since, UTC).astimezone(zone) - CLOCK_SLACK
    end = begin + WINDOW
    asked = Question(
        "Calls",
        query=[
            ("From", to.address),
            ("DateCreated", f"gte:{begin:%Y-%m-%d %H:%M:%S};lte:{end:%Y-%m-%d %H:%M:%S}"),
            ("PageSize", str(MOST_CALLS)),
        ],
    )
    page = await rest.ask(asked, ManyCalls)
    return [
        _state(rest.settings, call)
        for call in page.calls
        if _numbers(rest.settings, call) == (from_, to.address)
        and begin.replace(microsecond=0)
        <= (moment(call.date_created, rest.settings.timezone) or LONG_AGO)
        <= end
    ]


def _numbers(settings: ExotelSettings, call: CallRecord) -> tuple[str | None, str | None]:
    """Our ExoPhone and the customer, who is From: he was rung first."""
    return _e164(settings, call.phone_number_sid), _e164(settings, call.from_)


def _e164(settings: ExotelSettings, text: str | None) -> str | None:
    try:
        return read_number(text or "", "to", settings.country)
    except InvalidField:
        return None


def _state(settings: ExotelSettings, call: CallRecord) -> CallLookup:
    ids, word = {"call_sid": call.sid}, (call.status or "").lower()
    if word in GOING_ON:
        # It is said from the dial on: whether anybody has answered, it does not tell.
        return CallLookup(found=Found.LIVE, carrier_ids=ids)
    if word not in ENDS:
        return CallLookup(found=Found.CANNOT_TELL, carrier_ids=ids)
    return CallLookup(
        found=Found.ENDED,
        carrier_ids=ids,
        answered=word == "completed",
        ended=_end(settings, call, word),
        rated=prices.rated(settings, call.sid, call.price),
        further=recording_ready(call.pre_signed_recording_url or call.recording_url or ""),
    )


def _end(settings: ExotelSettings, call: CallRecord, word: str) -> LegEnded:
    """The end; its key tells a record without the length, which comes later, from one with it."""
    seconds = length_of(word, whole(call.duration))
    return LegEnded(
        key=f"record:{call.sid}:{'early' if seconds is None else seconds}",
        carrier_ids={"call_sid": call.sid},
        status=end_of(word, seconds),
        reason=word,
        duration=seconds,
        at=moment(call.end_time, settings.timezone),
    )
