"""Requests and answers of Twilio as its documentation has them; the numbers are invented."""

from __future__ import annotations

ACCOUNT, CALL, TARGET = "AC" + "0" * 32, "CA" + "1a" * 16, "CA" + "2b" * 16
RECORDING, ROOM = "RE" + "4d" * 16, "CF" + "5e" * 16
STREAM_SID = "MZ" + "3c" * 16
WHEN = "Tue, 31 Aug 2010 20:36:28 +0000"
IDS = {"call_sid": CALL}
OF_CALL = {"AccountSid": ACCOUNT, "CallSid": CALL}
# Twilio: TwiML voice request, with the numbers and places of both sides.
INCOMING = OF_CALL | {
    "ApiVersion": "2010-04-01",
    "CallStatus": "ringing",
    "Called": "+14155550199",
    "CalledCity": "SAN FRANCISCO",
    "CalledCountry": "US",
    "CalledState": "CA",
    "CalledZip": "",
    "Caller": "+14155550123",
    "CallerCity": "",
    "CallerCountry": "US",
    "CallerState": "CA",
    "CallerZip": "94105",
    "Direction": "inbound",
    "From": "+14155550123",
    "FromCity": "",
    "FromCountry": "US",
    "FromState": "CA",
    "FromZip": "94105",
    "StirVerstat": "TN-Validation-Passed-A",
    "To": "+14155550199",
    "ToCity": "SAN FRANCISCO",
    "ToCountry": "US",
    "ToState": "CA",
    "ToZip": "",
}
OUTGOING = INCOMING | {"Direction": "outbound-api", "CallStatus": "in-progress"}
# Twilio: call resource, status callback.
PROGRESS = OUTGOING | {
    "CallbackSource": "call-progress-events",
    "SequenceNumber": "2",
    "Timestamp": WHEN,
}
OVER = {
    "CallStatus": "completed",
    "CallDuration": "66",
    "Duration": "2",
    "SequenceNumber": "3",
    "SipResponseCode": "200",
}
# Twilio: recording resource, recording status callback.
RECORDED = OF_CALL | {
    "ErrorCode": "0",
    "RecordingChannels": "2",
    "RecordingDuration": "7",
    "RecordingSid": RECORDING,
    "RecordingSource": "OutboundAPI",
    "RecordingStartTime": WHEN,
    "RecordingStatus": "completed",
    "RecordingTrack": "both",
    "RecordingUrl": f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Recordings/{RECORDING}",
}
REPORTED = OF_CALL | {
    "StreamEvent": "stream-started",
    "StreamName": STREAM_SID,
    "StreamSid": STREAM_SID,
    "Timestamp": "2026-01-01T00:00:00.000Z",
}
# Twilio: TwiML Dial, action; Number, statusCallback; Conference, statusCallback.
DIALLED = OUTGOING | {
    "DialBridged": "true",
    "DialCallDuration": "12",
    "DialCallSid": TARGET,
    "DialCallStatus": "completed",
}
LEG = PROGRESS | {
    "CallSid": TARGET,
    "Direction": "outbound-dial",
    "ParentCallSid": CALL,
    "To": "+14155550177",
}
BUSY = OVER | {"CallStatus": "busy", "CallDuration": "0", "SipResponseCode": "486"}
ROOM_REPORT = OF_CALL | {
    "Coaching": "false",
    "ConferenceSid": ROOM,
    "EndConferenceOnExit": "true",
    "FriendlyName": "linecard-t1",
    "Hold": "false",
    "Muted": "false",
    "ParticipantLabel": "caller",
    "SequenceNumber": "3",
    "StartConferenceOnEnter": "true",
    "StatusCallbackEvent": "participant-join",
    "Timestamp": WHEN,
}
# Twilio: call resource, a fresh call.
CREATED = {
    "sid": CALL,
    "account_sid": ACCOUNT,
    "date_created": WHEN,
    "date_updated": WHEN,
    "direction": "outbound-api",
    "duration": None,
    "from": "+14155550100",
    "price": None,
    "price_unit": "USD",
    "status": "queued",
    "start_time": None,
    "to": "+14155550123",
}
STARTED = {"sid": RECORDING, "status": "in-progress", "source": "StartCallRecordingAPI"}
NUMBER = {"sid": "PN" + "6f" * 16, "phone_number": "+14155550100", "voice_url": ""}
PRICES = {
    "price_unit": "USD",
    "outbound_prefix_prices": [
        {
            "destination_prefixes": ["1415"],
            "origination_prefixes": ["ALL"],
            "friendly_name": "Programmable Outbound Minute - United States",
            "base_price": "0.0140",
            "current_price": "0.0140",
        }
    ],
}
