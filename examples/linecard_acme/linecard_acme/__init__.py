"""Acme, an invented carrier, as a provider of Linecard. What Acme says and wants: see the README."""

import hmac
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

import linecard as lc
from linecard import CallStatus, Direction, HangUpResult, Reason, hookimpl

LIMITS: dict[str, Any] = {"calls_per_second": 1, "max_call_seconds": 7200, "max_ring_seconds": 60}
LIMITS |= {"warm": False, "gathers": False}
ENDS = {"talked": CallStatus.COMPLETED, "busy": CallStatus.BUSY, "silence": CallStatus.NO_ANSWER}
FIELDS = {"event", "call", "way", "caller", "called", "leg", "outcome", "seconds", "usd"}
KEYS = {key: key for key in "0123456789*#"}
MESSAGES: Mapping[str, Callable[[Mapping[str, str]], lc.StreamEvent]] = {
    "start": lambda said: lc.StreamStarted(said["id"], {"call": said["call"]}, "PCMU", 8000),
    "audio": lambda said: lc.MediaReceived(b64decode(said["audio"] or "?", validate=True)),
    "key": lambda said: lc.DigitReceived(KEYS[said["key"]]),
    "mark": lambda said: lc.MarkPlayed(said["name"]),
    "stop": lambda said: lc.StreamStopped(),
}
STEPS: Mapping[type[lc.Verb], Callable[[Any], Mapping[str, object]]] = {
    lc.Stream: lambda verb: {"do": "stream", "url": verb.url},
    lc.Redirect: lambda verb: {"do": "ask", "url": verb.url},
    lc.Say: lambda verb: {"do": "say", "text": verb.text, "language": verb.language},
    lc.Reject: lambda verb: {"do": "reject", "busy": verb.busy},
    lc.Hangup: lambda verb: {"do": "hang up"},
}


def read(said: Mapping[str, str]) -> lc.CarrierEvent:
    """The event of a report. Its key is the same for a repeat of the fact, and for that alone."""
    event, leg = said["event"], said.get("leg", "caller")
    key = f"{event}:{leg}:{said['call']}"
    if event == "ask":
        way, called = Direction(said["way"]), lc.parse_e164(said["called"])
        return lc.AnswerRequested(key=key, direction=way, from_=said.get("caller"), to=called)
    if event == "ringing":
        return lc.CallRinging(key=key)
    if event == "ended":  # of some leg: only the caller's ends the call
        end, seconds = ENDS.get(said["outcome"], CallStatus.FAILED), int(said["seconds"])
        return lc.LegEnded(key=key, leg=leg, status=end, duration=seconds, cost=said.get("usd"))
    return lc.Unrecognised(key=key, leg=leg, name=event)


class AcmeStream:
    """One media socket, both directions, without I/O. Nothing that comes in raises."""

    def __init__(self) -> None:
        self._awaited = {"start"}  # and the marks on their way: each may come once

    def receive(self, message: str | bytes) -> Sequence[lc.StreamEvent]:
        try:
            said = msgspec.json.decode(message, type=dict[str, str])
            if said["type"] in ("start", "mark"):
                self._awaited.remove(said.get("name", "start"))
            return (MESSAGES[said["type"]](said),)
        except (ValueError, KeyError) as error:
            return (lc.MessageDropped(f"not readable: {type(error).__name__}"),)

    def play(self, audio: bytes) -> str:
        return msgspec.json.encode({"type": "play", "audio": audio}).decode()

    def mark(self, name: str) -> str:
        self._awaited.add(name)
        return msgspec.json.encode({"type": "mark", "name": name}).decode()

    def clear(self) -> str:
        self._awaited &= {"start"}  # a mark that is reported from now on was not heard
        return '{"type":"clear"}'

    def send_digits(self, digits: str) -> None:
        """Acme presses no keys: core plays their tones."""


@dataclass(frozen=True, slots=True)
class AcmeSettings:
    """Read from ACME_KEY and ACME_SECRET. A secret has two values while it is rotated."""

    key: lc.Secret
    secret: lc.Secret
    api_url: str = "https://api.acme.example"


class Acme:
    """One account of Acme. What is no hook here, it cannot do."""

    settings = AcmeSettings

    def __init__(self, account: str, settings: AcmeSettings) -> None:
        self._account, self._own = account, settings

    @staticmethod
    @hookimpl
    def facts() -> lc.Facts:
        return lc.Facts(above_limit="refused", reports_streams=False, **LIMITS)

    @staticmethod
    @hookimpl
    def stream_profiles() -> Sequence[lc.StreamProfile]:
        line = lc.same_both_ways(lc.AudioFormat(lc.Encoding.PCMU, 8000))
        return (lc.StreamProfile(name="pcmu-8000", format=line, chunk=lc.ChunkRule(1, 1, 1600)),)

    @hookimpl
    def open_stream(self, profile: lc.StreamProfile) -> lc.StreamProtocol:
        return AcmeStream()

    @hookimpl
    def verify_request(self, request: lc.CarrierRequest) -> lc.Proof:
        """HMAC-SHA256 of time, method, address, body; each secret is compared, in constant time."""
        at, given = (request.headers.get(f"acme-{name}", "") for name in ("time", "signature"))
        text = f"{at} {request.method} {request.url} ".encode("utf-8", "replace") + request.body
        keys = self._own.secret.values()
        macs = [hmac.digest(key.encode(), text, "sha256").hex().encode() for key in keys]
        if not sum(hmac.compare_digest(mac, given.encode("utf-8", "replace")) for mac in macs):
            raise lc.RequestRefused("no Acme signature fits; check ACME_SECRET")
        return lc.Proof("signature", self._account, 3)

    @hookimpl
    def parse_callback(self, request: lc.CarrierRequest) -> lc.Callback:
        """A form: refused where a field is missing that we need; one that we do not know is kept."""
        said = dict(reversed(request.pairs))  # of a repeated field, the first counts
        try:
            events, ids = (read(said),), {"call": said["call"]}
            wants = Reason(request.kind or "answer") if said["event"] == "ask" else None
        except (KeyError, ValueError, lc.InvalidField) as error:
            raise lc.RequestRefused(f"missing or malformed: {error}", status=400) from error
        unknown = {name: said[name] for name in said.keys() - FIELDS}
        return lc.Callback(events=events, wants=wants, call_ids=ids, unknown=unknown)

    @hookimpl
    def answer(self, call: lc.Call | None, verbs: Sequence[lc.Verb], reason: Reason) -> lc.Answer:
        """A JSON list of steps. A verb that Acme has no step for is refused, never left out."""
        if unknown := {type(verb) for verb in verbs} - STEPS.keys():
            raise lc.UnsupportedByProvider("acme", f"the verb {unknown.pop().__name__}")
        steps = msgspec.json.encode([STEPS[type(verb)](verb) for verb in verbs])
        return lc.Answer(lc.Reply(body=steps, content_type="application/json"))

    @hookimpl
    async def place_call(self, order: lc.PlaceOrder) -> lc.PlacedCall:
        """One POST, never sent again. Without a clear yes or no, nobody knows whether it rings."""
        parties = {"from": order.call.number, "to": order.to.address}
        urls = {"ask_url": order.answer_url, "report_url": order.ended_url}
        limits = {"ring": order.call.ring_seconds, "talk": order.call.max_seconds}
        unclear = (lc.CarrierRefused, lc.PlacementUnknown)
        said = await self._ask("POST", "", parties | urls | limits, unclear)
        return lc.PlacedCall(carrier_ids={"call": said})

    @hookimpl
    async def hang_up(self, call: lc.Call) -> HangUpResult:
        known = call.carrier_ids.get("call")
        found = known and await self._ask("DELETE", f"/{known}", None, [lc.CarrierUnavailable] * 2)
        return HangUpResult.DONE if found else HangUpResult.NOT_FOUND

    @hookimpl
    async def cancel_call(self, call: lc.Call) -> HangUpResult:
        return await self.hang_up(call)

    async def _ask(self, method: str, path: str, wish: object, unclear: Sequence[Any]) -> str:
        """The call's id. `unclear`: what to raise where nothing left us, and where nobody knows."""
        import httpx2

        headers = {"authorization": f"Bearer {self._own.key.values()[0]}"}
        try:
            async with httpx2.AsyncClient(headers=headers, timeout=20, trust_env=False) as client:
                got = await client.request(method, f"{self._own.api_url}/calls{path}", json=wish)
            if (method, got.status_code) == ("DELETE", 404):
                return ""
            if 400 <= (status := got.status_code) < 500:
                wait = got.headers.get("retry-after", "")
                later = float(wait) if wait.isdecimal() else None
                raise lc.CarrierRefused("acme", f"no ({status})", status=status, retry_after=later)
            return msgspec.json.decode(got.raise_for_status().content, type=dict[str, str])["call"]
        except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
            raise unclear[0]("acme", f"nothing was sent: {error!r}") from error
        except (httpx2.HTTPError, ValueError, KeyError) as error:
            raise unclear[1]("acme", f"no clear answer: {error!r}") from error
