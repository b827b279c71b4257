"""The elements of Plivo XML: their attributes with kind and default, and what may stand inside."""

from __future__ import annotations

import re
from collections.abc import Mapping

from linecard.simulator.attributes import Attribute, Shape, at_most, boolean, one_of, text, whole


def extra_headers(value: str) -> str:
    """`k=v,k2=v2`: letters and digits only, at most 512 bytes."""
    if len(value.encode()) > 512:
        raise ValueError("longer than 512 bytes")
    pair = "[A-Za-z0-9]+=[A-Za-z0-9]*"
    if value and not re.fullmatch(f"{pair}(?:[,;]{pair})*", value):
        raise ValueError("not k=v pairs of letters and digits")
    return value


METHOD = Attribute(one_of("GET", "POST"), "POST")
ACTION = {"action": Attribute(text), "method": METHOD}
CALLBACK = {"callbackUrl": Attribute(text), "callbackMethod": METHOD}
REDIRECT = {"redirect": Attribute(boolean, True)}
DIGITS = Attribute(text, "1234567890*#")
FILE_FORMAT = Attribute(one_of("mp3", "wav"), "mp3")
SECONDS = whole(0, 86400)
TRANSCRIPTION = {
    "transcriptionType": Attribute(text),
    "transcriptionUrl": Attribute(text),
    "transcriptionMethod": METHOD,
}
STREAM_TYPES = (
    "audio/x-l16;rate=8000",
    "audio/x-l16;rate=16000",
    "audio/x-l16;rate=24000",
    "audio/x-mulaw;rate=8000",
)

SHAPES: Mapping[str, Shape] = {
    "Response": Shape({}),
    "Stream": Shape(
        {
            "bidirectional": Attribute(boolean, False),
            "audioTrack": Attribute(one_of("inbound", "outbound", "both"), "inbound"),
            "streamTimeout": Attribute(whole(1, 86400), 86400),
            "contentType": Attribute(one_of(*STREAM_TYPES)),
            "keepCallAlive": Attribute(boolean, False),
            "extraHeaders": Attribute(extra_headers, ""),
            "statusCallbackUrl": Attribute(text),
            "statusCallbackMethod": METHOD,
            "noiseCancellation": Attribute(boolean, False),
            "noiseCancellationLevel": Attribute(whole(60, 100), 85),
        },
        needs_text=True,
    ),
    "Dial": Shape(
        {
            **ACTION,
            **CALLBACK,
            **REDIRECT,
            "hangupOnStar": Attribute(boolean, False),
            "timeLimit": Attribute(SECONDS, 14400),
            "timeout": Attribute(SECONDS, 120),
            "callerId": Attribute(text),
            "callerName": Attribute(at_most(50)),
            "confirmSound": Attribute(text),
            "confirmKey": Attribute(one_of(*"0123456789*#")),
            "confirmTimeout": Attribute(SECONDS, 120),
            "dialMusic": Attribute(text),
            "digitsMatch": Attribute(text, ""),
            "digitsMatchBLeg": Attribute(text, ""),
            "sipHeaders": Attribute(text),
        },
        frozenset({"Number", "User"}),
    ),
    "Number": Shape(
        {
            "sendDigits": Attribute(text, ""),
            "sendOnPreanswer": Attribute(boolean, False),
            "sendDigitsMode": Attribute(text),
        },
        needs_text=True,
    ),
    "User": Shape(
        {
            "sendDigits": Attribute(text, ""),
            "sendOnPreanswer": Attribute(boolean, False),
            "sipHeaders": Attribute(text),
            "sipAuthUsername": Attribute(text),
            "sipAuthPassword": Attribute(text),
        },
        needs_text=True,
    ),
    "Record": Shape(
        {
            **ACTION,
            **CALLBACK,
            **REDIRECT,
            **TRANSCRIPTION,
            "fileFormat": FILE_FORMAT,
            "timeout": Attribute(SECONDS, 15),
            "maxLength": Attribute(whole(1, 86400), 60),
            "playBeep": Attribute(boolean, True),
            "finishOnKey": DIGITS,
            "recordSession": Attribute(boolean, False),
            "startOnDialAnswer": Attribute(boolean, False),
            "recordChannelType": Attribute(one_of("mono", "stereo"), "mono"),
        },
    ),
    "Speak": Shape(
        {
            "voice": Attribute(text, "WOMAN"),
            "language": Attribute(text, "en-US"),
            "loop": Attribute(whole(0, 1000), 1),
        },
        takes_markup=True,
    ),
    "Play": Shape({"loop": Attribute(whole(0, 1000), 1)}, needs_text=True),
    "GetDigits": Shape(
        {
            **ACTION,
            **REDIRECT,
            "timeout": Attribute(SECONDS, 5),
            "digitTimeout": Attribute(SECONDS, 2),
            "finishOnKey": Attribute(text, "#"),
            "numDigits": Attribute(whole(1, 99), 99),
            "retries": Attribute(whole(1, 100), 1),
            "playBeep": Attribute(boolean, False),
            "validDigits": DIGITS,
            "invalidDigitsSound": Attribute(text),
            "log": Attribute(boolean, True),
        },
        frozenset({"Speak", "Play", "Wait"}),
    ),
    "Hangup": Shape(
        {"reason": Attribute(one_of("rejected", "busy")), "schedule": Attribute(SECONDS)}
    ),
    "Redirect": Shape({"method": METHOD}, needs_text=True),
    "Wait": Shape(
        {
            "length": Attribute(whole(1, 3600), 1),
            "silence": Attribute(boolean, False),
            "minSilence": Attribute(whole(0, 600_000)),
            "beep": Attribute(boolean, False),
        }
    ),
    "Conference": Shape(
        {
            **ACTION,
            **CALLBACK,
            **REDIRECT,
            **TRANSCRIPTION,
            "muted": Attribute(boolean, False),
            "enterSound": Attribute(text),
            "exitSound": Attribute(text),
            "startConferenceOnEnter": Attribute(boolean, True),
            "endConferenceOnExit": Attribute(boolean, False),
            "stayAlone": Attribute(boolean, True),
            "maxMembers": Attribute(whole(1, 200), 200),
            "waitSound": Attribute(text),
            "record": Attribute(boolean, False),
            "recordFileFormat": FILE_FORMAT,
            "timeLimit": Attribute(SECONDS, 86400),
            "hangupOnStar": Attribute(boolean, False),
            "digitsMatch": Attribute(text),
            "floorEvent": Attribute(boolean, False),
            "relayDTMF": Attribute(boolean, True),
        },
        needs_text=True,
    ),
    "DTMF": Shape({"async": Attribute(boolean, True)}, needs_text=True),
    "GetInput": Shape({}, takes_markup=True),
    "MultiPartyCall": Shape({}, takes_markup=True),
    "PreAnswer": Shape({}, takes_markup=True),
    "Message": Shape({}, takes_markup=True),
}
"""Defaults: the XML reference, Plivo's open-source ancestor where the reference is silent."""

IN_RESPONSE = frozenset(SHAPES) - {"Response", "Number", "User"}
NOT_SIMULATED = frozenset({"GetInput", "MultiPartyCall", "PreAnswer", "Message"})
"""Elements that Plivo has and this simulator only notes."""

BASIC_VOICES: Mapping[str, frozenset[str]] = {
    "WOMAN": frozenset(
        {
            *("arb", "zh-CN", "cs-CZ", "da-DK", "nl-NL", "en-AU", "en-CA", "en-GB", "en-US"),
            *("fi-FI", "fr-CA", "fr-FR", "de-DE", "el-GR", "hu-HU", "it-IT", "ja-JP", "nb-NO"),
            *("pl-PL", "pt-BR", "pt-PT", "ru-RU", "es-ES", "es-US", "sv-SE"),
        }
    ),
    "MAN": frozenset(
        {
            *("da-DK", "nl-NL", "en-AU", "en-GB", "en-US", "fr-CA", "fr-FR", "de-DE", "it-IT"),
            *("pl-PL", "pt-BR", "pt-PT", "ru-RU", "es-ES", "es-US", "sv-SE"),
        }
    ),
}
"""Languages of the two plain voices; a Polly voice is not checked. `hi-IN` is in neither."""
