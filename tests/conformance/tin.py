"""Tin: a small carrier that does everything right, for its test and for the faulty ones made of it.

Its webhooks are JSON, signed with HMAC-SHA256 over address and body; its documents are XML.
"""

from __future__ import annotations

import hmac
import json
from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from xml.etree.ElementTree import Element, SubElement, tostring

import httpx2

from linecard import (
    Answer,
    AnswerRequested,
    AudioFormat,
    Call,
    CallAnswered,
    Callback,
    CallLookup,
    CallRinging,
    CallStatus,
    CarrierEvent,
    CarrierRefused,
    CarrierRequest,
    CarrierUnavailable,
    ChunkRule,
    Dial,
    DigitReceived,
    Direction,
    Encoding,
    Facts,
    Found,
    Gather,
    Hangup,
    HangUpResult,
    InvalidField,
    Kind,
    LegEnded,
    MarkPlayed,
    MediaReceived,
    MessageDropped,
    Number,
    Pause,
    PlacedCall,
    PlacementUnknown,
    PlaceOrder,
    Play,
    Proof,
    Reason,
    Record,
    RecordAt,
    Redirect,
    Reject,
    Reply,
    RequestRefused,
    Say,
    Secret,
    SetupStep,
    Stream,
    StreamEvent,
    StreamFormat,
    StreamProfile,
    StreamProtocol,
    StreamStarted,
    StreamStopped,
    Unrecognised,
    UnsupportedByProvider,
    Verb,
    hookimpl,
    parse_e164,
    same_both_ways,
)
from linecard.trust import trusted

FORMAT = same_both_ways(AudioFormat(Encoding.PCMU, 8000))
PROFILE = StreamProfile(name="pcmu", format=FORMAT, chunk=ChunkRule(160, 160, 8000))
FACTS = Facts(
    calls_per_second=1,
    above_limit="refused",
    max_call_seconds=7200,
    max_ring_seconds=120,
    record_outbound=RecordAt.DOCUMENT,
    record_inbound=RecordAt.DOCUMENT,
)
STATES: Mapping[str, CallStatus] = {
    "done": CallStatus.COMPLETED,
    "engaged": CallStatus.BUSY,
    "nobody": CallStatus.NO_ANSWER,
    "broken": CallStatus.FAILED,
    "stopped": CallStatus.CANCELED,
}
NOT_IN_XML = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 65534, 65535))
KEYS = frozenset("0123456789*#")


@dataclass(frozen=True, slots=True)
class TinSettings:
    """One account. The secret signs both ways; two may live at a time."""

    account: str
    secret: Secret
    api_url: str = "https://api.tin.example"


class TinStream:
    """One socket's messages."""

    def __init__(self) -> None:
        self.id = ""
        self.waiting: list[str] = []
        self.cancelled: list[str] = []

    def receive(self, message: str | bytes) -> Sequence[StreamEvent]:
        try:
            said: Any = json.loads(message) if isinstance(message, str) else None
            read = getattr(self, f"on_{said['event']}", None)
            if read is None or (said["event"] != "start" and said.get("stream") != self.id):
                return (MessageDropped("not of this stream"),)
            return (read(said),)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return (MessageDropped("not readable"),)

    def on_start(self, said: Any) -> StreamEvent:
        if self.id or not isinstance(said["stream"], str) or not said["stream"]:
            return MessageDropped("a second start")
        self.id = said["stream"]
        return StreamStarted(self.id, {"tin": str(said["call"])}, "PCMU", 8000)

    def on_media(self, said: Any) -> StreamEvent:
        try:
            audio = b64decode(said["audio"], validate=True)
        except Error:
            return MessageDropped("no base64")
        return MediaReceived(audio) if audio else MessageDropped("no audio")

    def on_key(self, said: Any) -> StreamEvent:
        key = said["key"]
        return DigitReceived(key) if key in KEYS else MessageDropped("no key")

    def on_mark(self, said: Any) -> StreamEvent:
        name = said["name"]
        if not isinstance(name, str) or name in self.cancelled:
            return MessageDropped("stale mark")
        return MarkPlayed(name)

    def on_stop(self, _said: Any) -> StreamEvent:
        return StreamStopped()

    def write(self, **said: object) -> str:
        return json.dumps({"stream": self.id, **said})

    def play(self, audio: bytes) -> str:
        return self.write(event="media", audio=b64encode(audio).decode())

    def clear(self) -> str | None:
        self.cancelled += self.waiting
        self.waiting = []
        return self.write(event="clear")

    def mark(self, name: str) -> str | None:
        self.waiting.append(name)
        return self.write(event="mark", name=name)

    def send_digits(self, digits: str) -> str | None:
        return self.write(event="keys", keys=digits)


class Tin:
    """One account of Tin."""

    settings: ClassVar[type] = TinSettings
    stream: ClassVar[type[TinStream]] = TinStream
    states: ClassVar[Mapping[str, CallStatus]] = STATES

    def __init__(self, account: str, settings: TinSettings) -> None:
        self.account = account
        self._settings = settings

    @staticmethod
    @hookimpl
    def facts() -> Facts:
        return FACTS

    @staticmethod
    @hookimpl
    def stream_profiles() -> Sequence[StreamProfile]:
        return (PROFILE,)

    @staticmethod
    @hookimpl
    def stream_format(number: Number, profile: str) -> StreamFormat:
        return FORMAT

    @hookimpl
    def open_stream(self, profile: StreamProfile) -> StreamProtocol:
        return self.stream()

    # --- webhooks ---

    def mac(self, secret: str, request: CarrierRequest) -> str:
        text = b"\n".join((request.method.encode(), _bytes(request.url), request.body))
        return hmac.digest(_bytes(secret), text, "sha256").hex()

    def proves(self, request: CarrierRequest, given: str) -> bool:
        macs = [self.mac(secret, request) for secret in self._settings.secret.values()]
        return sum(hmac.compare_digest(_bytes(mac), _bytes(given)) for mac in macs) > 0

    @hookimpl
    def verify_request(self, request: CarrierRequest) -> Proof:
        if not self.proves(request, request.headers.get("x-tin-signature", "")):
            raise RequestRefused("the signature does not fit")
        return Proof("signature", self.account, 3)

    def form(self, request: CarrierRequest) -> Any:
        try:
            form = json.loads(request.body)
            fine = isinstance(form, dict) and isinstance(form["call"], str) and form["call"]
        except (ValueError, KeyError, RecursionError) as error:
            raise RequestRefused("not readable", status=400) from error
        if not fine:
            raise RequestRefused("no call", status=400)
        return form

    @hookimpl
    def parse_callback(self, request: CarrierRequest) -> Callback:
        form = self.form(request)
        wants = {Kind.ANSWER: Reason.ANSWER, Kind.NEXT: Reason.NEXT}.get(request.kind or Kind.LEG)
        ids = {"tin": form["call"]}
        return Callback(events=(self.event(form, ids),), wants=wants, call_ids=ids)

    def event(self, form: Any, ids: Mapping[str, str]) -> CarrierEvent:
        state = form.get("state")
        if state == "asks":
            from_, to = self.party(form.get("from"), "from"), self.party(form.get("to"), "to")
            if to is None:
                raise RequestRefused("no number called", status=400)
            key, way = self.key(form, "answer"), Direction.INBOUND
            return AnswerRequested(key=key, carrier_ids=ids, direction=way, from_=from_, to=to)
        if state == "rings":
            return CallRinging(key=self.key(form, "rings"), carrier_ids=ids)
        if state == "talks":
            return CallAnswered(key=self.key(form, "talks"), carrier_ids=ids)
        if isinstance(state, str) and state in self.states:
            return self.ended(form, ids, self.states[state])
        return Unrecognised(key=self.key(form, f"? {state}"), name=str(state))

    def key(self, form: Any, fact: str) -> str:
        return f"{fact}:{form['call']}"

    def ended(self, form: Any, ids: Mapping[str, str], status: CallStatus) -> CarrierEvent:
        seconds = form.get("seconds")
        is_count = isinstance(seconds, int) and not isinstance(seconds, bool) and seconds >= 0
        duration = seconds if is_count else None
        key = self.key(form, "end")
        return LegEnded(key=key, carrier_ids=ids, status=status, duration=duration)

    def party(self, text: Any, field: str) -> str | None:
        try:
            return self.normalise_number(text if isinstance(text, str) else "", field, None)
        except InvalidField as error:
            raise RequestRefused(f"{field} is no number", status=400) from error

    # --- documents ---

    @hookimpl
    def answer(self, call: Call | None, verbs: Sequence[Verb], reason: Reason) -> Answer:
        root = Element("Tin")
        for verb in verbs:
            self.write(root, verb)
        return Answer(Reply(body=tostring(root), content_type="application/xml"))

    def add(self, parent: Element, name: str, text: str = "", **fields: object) -> Element:
        child = SubElement(parent, name)
        for field, value in fields.items():
            child.set(field, _clean(str(value)))
        child.text = _clean(text)
        return child

    def write(self, parent: Element, verb: Verb) -> None:
        name = type(verb).__name__.lower()
        writer = getattr(self, f"write_{name}", None)
        if writer is None:
            raise UnsupportedByProvider("tin", f"the verb {name}")
        writer(parent, verb)

    def write_stream(self, parent: Element, verb: Stream) -> None:
        self.add(parent, "stream", verb.url, status=verb.status_url)

    def write_record(self, parent: Element, verb: Record) -> None:
        self.add(parent, "record", verb.callback_url, most=verb.max_seconds)

    def write_dial(self, parent: Element, verb: Dial) -> None:
        fields: dict[str, Any] = {
            "ring": verb.ring_seconds,
            "most": verb.max_seconds,
            "show": verb.caller_id,
        }
        fields |= {"next": verb.action_url, "tell": verb.callback_url}
        fields |= {"whisper": verb.whisper_url or "", "key": verb.accept_key or ""}
        dial = self.add(parent, "dial", **fields)
        for target in verb.targets:
            self.add(dial, "to", target.address)

    def write_say(self, parent: Element, verb: Say) -> None:
        self.add(parent, "say", verb.text, language=verb.language, voice=verb.voice or "")

    def write_play(self, parent: Element, verb: Play) -> None:
        self.add(parent, "play", verb.url, times=verb.loop)

    def write_gather(self, parent: Element, verb: Gather) -> None:
        fields: dict[str, Any] = {"keys": verb.digits, "wait": verb.seconds, "tries": verb.tries}
        fields |= {"end": verb.finish_on, "valid": verb.valid, "next": verb.action_url}
        gather = self.add(parent, "gather", **fields)
        for prompt in verb.prompts:
            self.write(gather, prompt)

    def write_pause(self, parent: Element, verb: Pause) -> None:
        self.add(parent, "pause", seconds=verb.seconds)

    def write_redirect(self, parent: Element, verb: Redirect) -> None:
        self.add(parent, "redirect", verb.url)

    def write_hangup(self, parent: Element, _verb: Hangup) -> None:
        self.add(parent, "hangup")

    def write_reject(self, parent: Element, verb: Reject) -> None:
        self.add(parent, "hangup", busy=verb.busy)

    # --- the API ---

    async def send(self, method: str, path: str, body: object = None) -> httpx2.Response:
        headers = {"authorization": f"Bearer {self._settings.secret.values()[0]}"}
        async with httpx2.AsyncClient(
            verify=trusted(), base_url=self._settings.api_url, trust_env=False
        ) as client:
            return await client.request(method, path, json=body, headers=headers)

    async def ask(self, method: str, path: str) -> httpx2.Response:
        try:
            response = await self.send(method, path)
        except httpx2.HTTPError as error:
            raise CarrierUnavailable("tin", type(error).__name__) from error
        if response.status_code >= 500:
            raise CarrierUnavailable("tin", "no answer", status=response.status_code)
        return response

    def dial(self, order: PlaceOrder) -> Any:
        call = order.call
        limits = {"ring": call.ring_seconds, "most": call.max_seconds}
        return {"from": call.number, "to": order.to.address, "ask": order.answer_url, **limits}

    @hookimpl
    async def place_call(self, order: PlaceOrder) -> PlacedCall:
        try:
            response = await self.send("POST", "/calls", self.dial(order))
        except httpx2.ConnectError as error:
            raise CarrierRefused("tin", "not connected") from error
        except httpx2.HTTPError as error:
            raise PlacementUnknown("tin", type(error).__name__) from error
        return self.placed(response)

    def placed(self, response: httpx2.Response) -> PlacedCall:
        status = response.status_code
        if 400 <= status < 500:
            after = response.headers.get("retry-after", "")
            wait = float(after) if after.isdecimal() else None
            raise CarrierRefused("tin", "refused", status=status, retry_after=wait)
        try:
            name = response.json()["call"] if status == 201 else None
        except (ValueError, KeyError, TypeError, RecursionError):
            name = None
        if not isinstance(name, str):
            raise PlacementUnknown("tin", "no clear answer", status=status)
        return PlacedCall(carrier_ids={"tin": name})

    @hookimpl
    async def hang_up(self, call: Call) -> HangUpResult:
        if "tin" not in call.carrier_ids:
            return HangUpResult.NOT_FOUND
        response = await self.ask("DELETE", f"/calls/{call.carrier_ids['tin']}")
        if response.status_code == 404:
            return HangUpResult.NOT_FOUND
        if not response.is_success:
            raise CarrierRefused("tin", "refused", status=response.status_code)
        return HangUpResult.DONE

    @hookimpl
    async def find_call(self, ids: Mapping[str, str]) -> CallLookup:
        if "tin" not in ids:
            return CallLookup(found=Found.CANNOT_TELL)
        response = await self.ask("GET", f"/calls/{ids['tin']}")
        found = Found.NOT_FOUND if response.status_code == 404 else Found.CANNOT_TELL
        return CallLookup(found=found)

    @hookimpl
    def setup_steps(self, number: Number, addresses: Mapping[Kind, str]) -> Sequence[SetupStep]:
        return (SetupStep("Paste this at Tin", addresses[Kind.ANSWER]),)

    @hookimpl
    def normalise_number(self, text: str, field: str, country: str | None) -> str | None:
        digits = text.strip().removeprefix("+")
        if digits == "266696687" or not (digits.isascii() and digits.isdecimal()):
            return None
        return parse_e164(f"+{digits}", field)

    @hookimpl
    def format_number(self, number: str, field: str) -> str:
        return number.removeprefix("+")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _clean(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").translate(NOT_IN_XML)
