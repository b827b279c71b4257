"""The flight recorder: one file for each call, with what went in and out of it on one clock."""

from linecard.flight.keeping import delete_before, delete_calls
from linecard.flight.recorder import Flight
from linecard.flight.redacting import Redactor
from linecard.flight.streams import RecordedProtocol
from linecard.flight.writer import FlightWriter, WriterOptions

__all__ = [
    "Flight",
    "FlightWriter",
    "RecordedProtocol",
    "Redactor",
    "WriterOptions",
    "delete_before",
    "delete_calls",
]
