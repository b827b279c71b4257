"""Requests and answers of Exotel, captured ones as they were found and those of its pages."""

from __future__ import annotations

from typing import Any

SID = "acme1"
CALL = "c5797dcbaaeed7678c4062a4a3ed2f8a"
STREAM_SID = "6f048d2e897a0d2d4029560f3f541947"
IDS = {"call_sid": CALL}
RECORDING = f"https://recordings.exotel.com/exotelrecordings/acme1/{STREAM_SID}.mp3"
# Captured: what the Voicebot applet asks a dynamic address, of a call that came in, August 2026.
INCOMING = {
    "CallSid": "faccc8dce91e426a398475de9fdb1a8p",
    "CallFrom": "09441233609",
    "CallTo": "08037091588",
    "Direction": "incoming",
    "Created": "Tue, 25 Aug 2026 12:07:08",
    "DialWhomNumber": "",
    "HangupLatencyStartTimeExocc": "",
    "HangupLatencyStartTime": "",
    "ServerCode": "",
    "From": "09441233609",
    "To": "09513886363",
    "CurrentTime": "2026-08-25 12:07:09",
}
INCOMING_IDS = {"call_sid": INCOMING["CallSid"]}
# Captured: the same of a call that went out through a flow, January 2025.
OUTGOING = {
    "CallSid": "5979a54734e3bf7505cb8e41b96e1917",
    "CallFrom": "09494865411",
    "CallTo": "08047113155",
    "Direction": "outbound-dial",
    "Created": "Tue, 07 Jan 2025 15:51:06",
    "DialWhomNumber": "",
    "HangupLatencyStartTimeExocc": "",
    "HangupLatencyStartTime": "",
    "From": "09494865411",
    "To": "09513886363",
    "CustomField": "7e9095cd-b91d-4df0-945b-6b851-ss69-ex1",
    "CurrentTime": "2025-01-07 15:51:06",
}
# Exotel: Passthru applet for streaming; the report of the stream in brackets, and as one JSON text.
PASSTHRU = {
    "CallSid": CALL,
    "flow_id": "voicebot-flow-xyz123",
    "Direction": "inbound",
    "From": "+918888000000",
    "To": "+912233344455",
}
BRACKETED = PASSTHRU | {
    "Stream[StreamSID]": STREAM_SID,
    "Stream[Status]": "completed",
    "Stream[Duration]": "28",
    "Stream[RecordingUrl]": RECORDING,
    "Stream[StreamUrl]": "wss://stream.customer.com/media",
    "Stream[DisconnectedBy]": "bot",
}
NESTED = PASSTHRU | {
    "Stream": f'{{"StreamSID":"{STREAM_SID}","RecordingUrl":"{RECORDING}","Status":"completed",'
    '"Duration":"28","StreamUrl":"ws://10.32.76.120:5007/media","DisconnectedBy":"user"}'
}
# Captured: a StatusCallback, January 2025.
BOUNDARY = "form-data-boundary-lebu8d9e3h8xzvhf"
SAID = (("CallSid", CALL), ("Status", "completed"), ("DateUpdated", "2025-01-15 18:14:07"))
PARTS = (
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'
    for name, text in SAID
)
MULTIPART = "".join((*PARTS, f"--{BOUNDARY}--\r\n")).encode()
# Exotel: status callbacks, the terminal event.
TERMINAL: dict[str, Any] = {
    "CallSid": CALL,
    "EventType": "terminal",
    "DateCreated": "2024-01-15 14:25:10",
    "DateUpdated": "2024-01-15 14:30:45",
    "To": "09123456789",
    "From": "09876543210",
    "PhoneNumberSid": "0XXXXXX4890",
    "StartTime": "2024-01-15 14:25:12",
    "EndTime": "2024-01-15 14:30:45",
    "Status": "completed",
    "ConversationDuration": 320,
    "Direction": "outbound-api",
    "CustomField": "order_12345",
    "RecordingUrl": RECORDING,
    "Legs": [
        {"OnCallDuration": 335, "Status": "completed", "AnsweredBy": "NA"},
        {"OnCallDuration": 320, "Status": "completed", "AnsweredBy": "HUMAN"},
    ],
}
PROGRESS = {
    "CallSid": CALL,
    "EventType": "answered",
    "Status": "in-progress",
    "DateCreated": "2024-01-15 14:25:10",
    "DateUpdated": "2024-01-15 14:25:12",
    "Direction": "outbound-api",
}
# Exotel: Connect applet, dial_passthru_event_url.
TARGET = {
    "CallSid": CALL,
    "CallFrom": "09494865411",
    "CallTo": "08047113155",
    "DialWhomNumber": "09812345678",
    "EventType": "Answered",
    "Status": "busy",
}
# Exotel: make a call API, the answer to a dial.
CREATED = {
    "Sid": CALL,
    "ParentCallSid": None,
    "DateCreated": "2017-03-03 10:48:33",
    "DateUpdated": "2017-03-03 10:48:33",
    "AccountSid": SID,
    "To": None,
    "From": "09494865411",
    "PhoneNumberSid": "08047113155",
    "Status": "in-progress",
    "StartTime": "2017-03-03 10:48:33",
    "EndTime": None,
    "Duration": None,
    "Price": None,
    "Direction": "outbound-api",
    "AnsweredBy": None,
    "ForwardedFrom": None,
    "CallerName": None,
    "Uri": f"/v1/Accounts/{SID}/Calls.json/{CALL}",
    "RecordingUrl": None,
}
OVER = CREATED | {
    "Status": "completed",
    "Duration": "21",
    "Price": "0.6",
    "RecordingUrl": RECORDING,
}
