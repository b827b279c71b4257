"""How a call ends: Plivo's hang-up codes, and what each fetch that fails ends with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

NORMAL = 4000
END_OF_XML = 4010

NAMES: Mapping[int, str] = MappingProxyType(
    {
        0: "Unknown",
        1000: "Cancelled",
        1010: "Out Of Credits",
        1020: "Simultaneous dial limit reached",
        2000: "Invalid Destination Address",
        2010: "Destination Out Of Service",
        2020: "Endpoint Not Registered",
        2030: "Destination Country Barred",
        2040: "Destination Number Barred",
        2050: "Destination Prefix Barred",
        2060: "Loop Detected",
        2070: "Violates Media Anchoring",
        3000: "No Answer",
        3010: "Busy Line",
        3020: "Rejected",
        3030: "Unknown Caller ID",
        3040: "Forbidden",
        3050: "Unallocated number",
        3070: "Request timeout",
        3080: "Internal error from carrier",
        3090: "Network congestion",
        3100: "Busy everywhere",
        3110: "Declined",
        3120: "User does not exist anywhere",
        3130: "Spam block",
        3140: "DNO caller ID",
        4000: "Normal Hangup",
        4010: "End Of XML Instructions",
        4020: "Multiparty Call Ended",
        4030: "Kicked Out Of Multiparty Call",
        5000: "Network Error",
        5010: "Internal Error",
        5020: "Routing Error",
        5030: "Concurrency Limit Breached",
        6000: "Scheduled Hangup",
        6010: "Ring Timeout Reached",
        6020: "Media Timeout",
        7011: "Error Reaching Answer URL",
        7012: "Error Reaching Action URL",
        7013: "Error Reaching Transfer URL",
        7014: "Error Reaching Redirect URL",
        7022: "Invalid Action URL",
        7023: "Invalid Transfer URL",
        7024: "Invalid Redirect URL",
        7032: "Invalid Method for Action URL",
        7033: "Invalid Method for Transfer URL",
        7034: "Invalid Method for Redirect URL",
        8011: "Invalid Answer XML",
        8012: "Invalid Action XML",
        8013: "Invalid Transfer XML",
        8014: "Invalid Redirect XML",
        9000: "Lost Race",
        9100: "Machine Detected",
        9110: "Confirm Key Challenge Failed",
    }
)

CAUSES: Mapping[int, str] = MappingProxyType(
    {
        1000: "ORIGINATOR_CANCEL",
        2000: "INVALID_NUMBER_FORMAT",
        3000: "NO_ANSWER",
        3010: "USER_BUSY",
        3020: "CALL_REJECTED",
        3030: "CALL_REJECTED",
        3050: "UNALLOCATED_NUMBER",
        3100: "USER_BUSY",
        3110: "CALL_REJECTED",
        6010: "NO_ANSWER",
        9000: "LOSE_RACE",
    }
)

UNANSWERED: Mapping[int, str] = MappingProxyType(
    {
        1000: "cancel",
        3000: "no-answer",
        3010: "busy",
        3100: "busy",
        6010: "timeout",
        9000: "cancel",
        9110: "no-answer",
    }
)
"""CallStatus of a leg that nobody answered; `failed` where the code is not here."""


class Source(StrEnum):
    """Who ended the call, in Plivo's words."""

    CALLER = "Caller"
    CALLEE = "Callee"
    PLIVO = "Plivo"
    CARRIER = "Carrier"
    API = "API Request"
    XML = "Answer XML"
    ERROR = "Error"


@dataclass(frozen=True, slots=True)
class Ending:
    """Why a leg is over."""

    code: int
    source: Source

    @property
    def name(self) -> str:
        """HangupCauseName."""
        return NAMES[self.code]

    @property
    def cause(self) -> str:
        """HangupCause, in FreeSWITCH's words."""
        return CAUSES.get(self.code, "NORMAL_CLEARING")

    def status(self, *, was_answered: bool) -> str:
        """CallStatus of the leg that ended so."""
        if was_answered:
            return "completed"
        return UNANSWERED.get(self.code, "failed")


class EndCall(Exception):
    """Raised where a document ends its call."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending.name)
        self.ending = ending


class Purpose(StrEnum):
    """Why a document is fetched; the value is the last digit of its codes."""

    ANSWER = "1"
    ACTION = "2"
    TRANSFER = "3"
    REDIRECT = "4"

    @property
    def unreachable(self) -> Ending:
        """701x: no 2xx came."""
        return self._of(7010)

    @property
    def bad_url(self) -> Ending:
        """702x: not an http address; an answer address has no code of its own."""
        return self.unreachable if self is Purpose.ANSWER else self._of(7020)

    @property
    def bad_xml(self) -> Ending:
        """801x: not Plivo XML."""
        return self._of(8010)

    def _of(self, family: int) -> Ending:
        return Ending(family + int(self.value), Source.ERROR)
