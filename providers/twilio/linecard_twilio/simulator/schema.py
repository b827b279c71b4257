"""The verbs and nouns of TwiML: their attributes with kind and default, and what may stand inside.

Attribute lists as Twilio's own SDK writes them, defaults as its pages have them.
"""

from __future__ import annotations

from collections.abc import Mapping

from linecard.simulator.attributes import Attribute, Shape, boolean, one_of, text, whole

METHOD = Attribute(one_of("GET", "POST"), "POST")
URL = Attribute(text, "")
SECONDS = whole(0, 86400)
LOOP = Attribute(whole(0, 1000), 1)
TRIM = one_of("trim-silence", "do-not-trim")
ACTION = {"action": URL, "method": METHOD}


def words(*allowed: str) -> Attribute:
    """A list of words with spaces between."""

    def read(value: str) -> frozenset[str]:
        given = frozenset(value.split())
        if not given <= set(allowed):
            raise ValueError(f"not words of {' '.join(allowed)}")
        return given

    return Attribute(read, frozenset())


PROGRESS = {
    "statusCallback": URL,
    "statusCallbackMethod": METHOD,
    "statusCallbackEvent": words("initiated", "ringing", "answered", "completed"),
}
RECORDING = {
    "recordingStatusCallback": URL,
    "recordingStatusCallbackMethod": METHOD,
    "recordingStatusCallbackEvent": words("in-progress", "completed", "absent", "failed"),
    "recordingConfigurationId": Attribute(text),
}
MACHINE = {
    "machineDetection": Attribute(one_of("Enable", "DetectMessageEnd")),
    "amdStatusCallback": URL,
    "amdStatusCallbackMethod": METHOD,
    "machineDetectionTimeout": Attribute(whole(3, 59), 30),
    "machineDetectionSpeechThreshold": Attribute(whole(1000, 6000)),
    "machineDetectionSpeechEndThreshold": Attribute(whole(500, 5000)),
    "machineDetectionSilenceTimeout": Attribute(whole(2000, 10000)),
}
DIAL_RECORD = (
    "do-not-record",
    "record-from-answer",
    "record-from-ringing",
    "record-from-answer-dual",
    "record-from-ringing-dual",
    "true",
    "false",
)
ROOM_EVENTS = (
    *("start", "end", "join", "leave", "mute", "hold", "modify", "speaker", "announcement"),
)
TRACKS = ("inbound_track", "outbound_track", "both_tracks")

STREAM = Shape(
    {
        "url": URL,
        "name": Attribute(text, ""),
        "track": Attribute(one_of(*TRACKS), "inbound_track"),
        "statusCallback": URL,
        "statusCallbackMethod": METHOD,
        "connectorName": Attribute(text),
        "audioFormat": Attribute(text),
        "sampleRate": Attribute(text),
    },
    frozenset({"Parameter"}),
)
SHAPES: Mapping[str, Shape] = {
    "Response": Shape({}),
    "Connect": Shape(dict(ACTION), frozenset({"Stream"})),
    "Start": Shape(dict(ACTION), frozenset({"Stream", "Recording"})),
    "Stop": Shape({}, frozenset({"Stream"})),
    "Stream": STREAM,
    "Parameter": Shape({"name": Attribute(text, ""), "value": Attribute(text, "")}),
    "Recording": Shape(
        {
            **RECORDING,
            "trim": Attribute(TRIM, "do-not-trim"),
            "track": Attribute(one_of("inbound", "outbound", "both"), "both"),
            "channels": Attribute(one_of("mono", "dual"), "dual"),
        }
    ),
    "Dial": Shape(
        {
            **ACTION,
            **RECORDING,
            "timeout": Attribute(whole(0, 600), 30),
            "hangupOnStar": Attribute(boolean, False),
            "timeLimit": Attribute(SECONDS, 14400),
            "callerId": Attribute(text, ""),
            "record": Attribute(one_of(*DIAL_RECORD), "do-not-record"),
            "trim": Attribute(TRIM, "do-not-trim"),
            "recordingTrack": Attribute(one_of("inbound", "outbound", "both"), "both"),
            "answerOnBridge": Attribute(boolean, False),
            "ringTone": Attribute(text),
            "sequential": Attribute(boolean, False),
            "referUrl": URL,
            "referMethod": METHOD,
            "events": Attribute(text),
            "passports": Attribute(text),
        },
        frozenset({"Number", "Sip", "Conference", "Client", "Queue", "Sim", "Application"}),
    ),
    "Number": Shape(
        {
            **PROGRESS,
            **MACHINE,
            "sendDigits": Attribute(text, ""),
            "url": URL,
            "method": METHOD,
            "byoc": Attribute(text),
        },
        needs_text=True,
    ),
    "Sip": Shape(
        {
            **PROGRESS,
            **MACHINE,
            "username": Attribute(text),
            "password": Attribute(text),
            "url": URL,
            "method": METHOD,
            "sendDigits": Attribute(text, ""),
        },
        needs_text=True,
    ),
    "Conference": Shape(
        {
            **RECORDING,
            "muted": Attribute(boolean, False),
            "beep": Attribute(one_of("true", "false", "onEnter", "onExit"), "true"),
            "startConferenceOnEnter": Attribute(boolean, True),
            "endConferenceOnExit": Attribute(boolean, False),
            "waitUrl": Attribute(text),
            "waitMethod": METHOD,
            "maxParticipants": Attribute(whole(1, 250), 250),
            "record": Attribute(
                one_of("do-not-record", "record-from-start", "true", "false"), "do-not-record"
            ),
            "trim": Attribute(TRIM, "trim-silence"),
            "coach": Attribute(text),
            "statusCallback": URL,
            "statusCallbackMethod": METHOD,
            "statusCallbackEvent": words(*ROOM_EVENTS),
            "eventCallbackUrl": URL,
            "jitterBufferSize": Attribute(one_of("off", "small", "medium", "large"), "large"),
            "participantLabel": Attribute(text, ""),
            "region": Attribute(text),
        },
        needs_text=True,
    ),
    "Record": Shape(
        {
            **ACTION,
            **RECORDING,
            "timeout": Attribute(SECONDS, 5),
            "finishOnKey": Attribute(text, "1234567890*#"),
            "maxLength": Attribute(whole(1, 14400), 3600),
            "playBeep": Attribute(boolean, True),
            "trim": Attribute(TRIM, "trim-silence"),
            "transcribe": Attribute(boolean, False),
            "transcribeCallback": URL,
        }
    ),
    "Say": Shape(
        {
            "voice": Attribute(text, "man"),
            "language": Attribute(text, "en-US"),
            "loop": LOOP,
        },
        takes_markup=True,
    ),
    "Play": Shape({"loop": LOOP, "digits": Attribute(text, "")}),
    "Gather": Shape(
        {
            **ACTION,
            "input": words("dtmf", "speech"),
            "timeout": Attribute(SECONDS, 5),
            "finishOnKey": Attribute(text, "#"),
            "numDigits": Attribute(whole(1, 1000)),
            "speechTimeout": Attribute(text),
            "maxSpeechTime": Attribute(text),
            "actionOnEmptyResult": Attribute(boolean, False),
            "partialResultCallback": URL,
            "partialResultCallbackMethod": METHOD,
            "language": Attribute(text, "en-US"),
            "hints": Attribute(text),
            "bargeIn": Attribute(boolean, True),
            "speechModel": Attribute(text),
            "enhanced": Attribute(boolean, False),
            "profanityFilter": Attribute(boolean, True),
            "debug": Attribute(boolean, False),
        },
        frozenset({"Say", "Play", "Pause"}),
    ),
    "Pause": Shape({"length": Attribute(SECONDS, 1)}),
    "Redirect": Shape({"method": METHOD}, needs_text=True),
    "Reject": Shape({"reason": Attribute(one_of("rejected", "busy"), "rejected")}),
    "Hangup": Shape({}),
    **{
        name: Shape({}, takes_markup=True)
        for name in ("Client", "Queue", "Sim", "Application", "Enqueue", "Leave", "Refer", "Pay")
    },
}

VERBS = frozenset(
    {
        *("Connect", "Start", "Stop", "Dial", "Record", "Say", "Play", "Gather", "Pause"),
        *("Redirect", "Reject", "Hangup", "Enqueue", "Leave", "Refer", "Pay"),
    }
)
NOT_SIMULATED = frozenset({"Enqueue", "Leave", "Refer", "Pay"})
"""Verbs that Twilio has and this simulator only notes."""
