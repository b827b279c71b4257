"""Exotel's requests: what each of our addresses is asked, who reads it, and what it waits for.

A flow asks four addresses of a number: `answer` (Voicebot applet), `next` (Passthru behind it), `dial`
(Connect applet) and `return` (second Voicebot). A dial reports to `ended`, a Connect applet to `leg`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from linecard import Callback, CarrierEvent, CarrierRequest, Kind, Reason
from linecard_exotel import dialled, readings
from linecard_exotel.fields import Form, read_form
from linecard_exotel.moments import INDIA

Read = Callable[[CarrierRequest, Form, str], tuple[CarrierEvent, ...]]


@dataclass(frozen=True, slots=True)
class Shape:
    """How one kind of request is read, and the document it waits for."""

    read: Read
    wants: Reason | None = None


SHAPES: Mapping[Kind, Shape] = MappingProxyType(
    {
        Kind.ANSWER: Shape(readings.answer, Reason.ANSWER),
        Kind.RETURN: Shape(readings.nothing, Reason.ANSWER),
        Kind.NEXT: Shape(readings.after_stream, Reason.NEXT),
        Kind.DIAL: Shape(readings.nothing, Reason.TRANSFER),
        Kind.ENDED: Shape(readings.ended),
        Kind.LEG: Shape(dialled.leg),
        Kind.DIALED: Shape(dialled.leg),
    }
)
UNRECOGNISED = Shape(readings.unrecognised)


def parse(request: CarrierRequest, country: str, zone: str = INDIA) -> Callback:
    """What a verified request says. Raises RequestRefused (400) for what is missing or malformed."""
    shape = SHAPES.get(request.kind, UNRECOGNISED) if request.kind else UNRECOGNISED
    form = read_form(request, zone)
    return Callback(
        events=shape.read(request, form, country),
        wants=shape.wants,
        call_ids={"call_sid": form.sid()},
        our_call=readings.our_call(form),
        unknown=form.unknown,
    )
