"""A carrier's requests made by hand: Plivo's forms, signed by Plivo's own SDK, sent byte for byte."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit
from xml.etree.ElementTree import Element, fromstring

from plivo.utils.signature_v3 import construct_get_url, construct_post_url, get_signature_v3
from sqlalchemy import select
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from linecard.store.tables import metadata
from linecard.webhook import Kind
from tests.calls.telephone import CUSTOMER, OURS, Telephone, names

FORM = "application/x-www-form-urlencoded"
NONCES = count(10**19)
Form = Mapping[str, str]
Changes = Mapping[str, str | None]
"""Headers to set instead of the right ones, or to leave out where None."""


@dataclass(frozen=True, slots=True)
class Said:
    """What our server answered."""

    status: int
    body: bytes
    headers: Mapping[str, str]


async def exchange_bytes(url: str, request: bytes) -> Said:
    """Send a request exactly as it is, and read the answer."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        writer.write(request)
        async with asyncio.timeout(20):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            lines = head.split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
            has_body = not request.startswith(b"HEAD ")
            length = int(headers.get("content-length", "0")) if has_body else 0
            return Said(int(lines[0].split()[1]), await reader.readexactly(length), headers)
    finally:
        writer.close()


def raw_request(method: str, url: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """A request as it stands on the wire."""
    parts = urlsplit(url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    whole = {"host": parts.netloc, "content-length": str(len(body)), "connection": "close"}
    lines = [f"{method} {target} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in (whole | dict(headers)).items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body


def v3_headers(token: str, url: str, form: Form, method: str = "POST") -> dict[str, str]:
    """The headers of signature V3."""
    nonce = str(next(NONCES))
    if method == "GET":
        text = construct_get_url(url, dict(form))
    else:
        text = construct_post_url(url, dict(form))
    signature = get_signature_v3(token, bytes(text).decode(), nonce).decode()
    return {
        "x-plivo-signature-v3": signature,
        "x-plivo-signature-ma-v3": signature,
        "x-plivo-signature-v3-nonce": nonce,
    }


def v2_headers(token: str, url: str) -> dict[str, str]:
    """The headers of signature V2, which covers neither query nor body."""
    nonce = str(next(NONCES))
    bare = urlunsplit((*urlsplit(url)[:3], "", ""))
    digest = hmac.new(token.encode(), (bare + nonce).encode(), "sha256").digest()
    signature = base64.b64encode(digest).decode()
    return {"x-plivo-signature-v2": signature, "x-plivo-signature-v2-nonce": nonce}


@dataclass(frozen=True, slots=True)
class Plivo:
    """The carrier of a world, with its token in our hand."""

    world: Telephone
    token: str = field(repr=False)

    @classmethod
    def of(cls, world: Telephone) -> Plivo:
        """The carrier that the world's server believes."""
        return cls(world, world.carrier.environment("")["PLIVO_AUTH_TOKEN"])

    def address(self, kind: Kind, call: str = "", reference: str = "") -> str:
        """One of our addresses, as the carrier was given it."""
        return self.world.exchange.addresses("plivo", "main").webhook(kind, call, reference)

    async def send(
        self, url: str, form: Form, method: str = "POST", changes: Changes = MappingProxyType({})
    ) -> Said:
        """A form, truly signed."""
        headers = v3_headers(self.token, url, form)
        return await self.deliver(url, form, headers, method, changes)

    async def deliver(
        self,
        url: str,
        form: Form,
        headers: Mapping[str, str],
        method: str = "POST",
        changes: Changes = MappingProxyType({}),
    ) -> Said:
        """A form with these headers."""
        merged = {"content-type": FORM, **headers, **changes}
        present = {name: value for name, value in merged.items() if value is not None}
        body = urlencode(form).encode()
        return await exchange_bytes(self.world.url, raw_request(method, url, present, body))

    async def call_in(self, **changes: str) -> tuple[str, str]:
        """A call that comes in: the carrier's id, and ours."""
        form = answer_form(**changes)
        said = await self.send(self.address(Kind.ANSWER), form)
        assert said.status == 200, said
        return form["CallUUID"], await self.call_of(form["CallUUID"])

    async def call_of(self, carrier_id: str) -> str:
        """Our call that the carrier knows by this id."""
        listed = (await self.world.api.get("/api/calls", params={"limit": 200})).json()["items"]
        ids = {one["carrier_ids"].get("call_uuid"): str(one["id"]) for one in listed}
        return ids[carrier_id]


def answer_form(**changes: str) -> dict[str, str]:
    """An inbound call asks for its document."""
    return {
        "BillRate": "0.0085",
        "CallStatus": "ringing",
        "CallUUID": str(uuid.uuid4()),
        "CallerName": "Ana",
        "CountryCode": "US",
        "Direction": "inbound",
        "Event": "StartApp",
        "From": CUSTOMER.removeprefix("+"),
        "ParentAuthID": "MAXXXXXXXXXXXXXXXXXX",
        "SessionStart": "2024-10-25 14:13:37.779297",
        "To": OURS.removeprefix("+"),
    } | changes


def tail_form(carrier_id: str, **changes: str) -> dict[str, str]:
    """A running call asks what comes next."""
    running = {"CallUUID": carrier_id, "CallStatus": "in-progress", "Event": "Redirect"}
    return answer_form(**running) | changes


def ring_form(carrier_id: str, **changes: str) -> dict[str, str]:
    """An outbound call rings."""
    return {
        "CallStatus": "ringing",
        "CallUUID": carrier_id,
        "CallerName": "",
        "Direction": "outbound",
        "Event": "Ring",
        "From": OURS,
        "RequestUUID": carrier_id,
        "SessionStart": "2024-10-25 14:13:37.779297",
        "To": CUSTOMER.removeprefix("+"),
    } | changes


def outbound_form(carrier_id: str, **changes: str) -> dict[str, str]:
    """An outbound call was answered and asks for its document."""
    answered = {"Direction": "outbound", "CallStatus": "in-progress", "RequestUUID": carrier_id}
    return answer_form(CallUUID=carrier_id, **answered) | changes


def hangup_form(carrier_id: str, **changes: str) -> dict[str, str]:
    """A call is over."""
    return {
        "AnswerTime": "2024-10-25 19:43:41",
        "BillDuration": "60",
        "BillRate": "0.0085",
        "CallStatus": "completed",
        "CallUUID": carrier_id,
        "Direction": "outbound",
        "Duration": "17",
        "EndTime": "2024-10-25 19:43:58",
        "Event": "Hangup",
        "From": OURS.removeprefix("+"),
        "HangupCause": "NORMAL_CLEARING",
        "HangupCauseCode": "4000",
        "HangupCauseName": "Normal Hangup",
        "HangupSource": "Callee",
        "SessionStart": "2024-10-25 14:13:37.779297",
        "StartTime": "2024-10-25 19:43:37",
        "To": CUSTOMER.removeprefix("+"),
        "TotalCost": "0.00850",
    } | changes


async def everything(world: Telephone) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table, to see that nothing was written."""
    async with world.exchange.database.read() as conn:
        return {
            table.name: [
                tuple(row) for row in await conn.execute(select(table).order_by(*table.primary_key))
            ]
            for table in metadata.sorted_tables
        }


async def counted(world: Telephone, line: str) -> float:
    """The value of one line of /metrics; 0 where it is not there yet."""
    text = (await world.api.get("/metrics")).text
    found = (one.rpartition(" ") for one in text.splitlines() if one.startswith(line))
    return next((float(value) for _, _, value in found), 0.0)


async def document(plivo: Plivo, url: str, form: Form) -> Element:
    """The document at an address."""
    said = await plivo.send(url, form)
    assert said.status == 200, said
    return fromstring(said.body)


@dataclass(frozen=True, slots=True)
class Line:
    """A call that came in, and where its audio goes."""

    plivo: Plivo
    carrier_id: str
    call_id: str
    url: str

    @classmethod
    async def ring(cls, plivo: Plivo, **changes: str) -> Line:
        """A new call, with its document."""
        form = answer_form(**changes)
        made = await document(plivo, plivo.address(Kind.ANSWER), form)
        url = made.findtext("Stream") or ""
        return cls(plivo, form["CallUUID"], await plivo.call_of(form["CallUUID"]), url)

    def headers(self, signed_as: str = "http") -> dict[str, str]:
        """The signature of its media socket, over an address with that scheme."""
        url = signed_as + self.url.removeprefix("ws")
        return v3_headers(self.plivo.token, url, {}, "GET")

    def connect(self, signed_as: str = "http", changes: Changes = MappingProxyType({})) -> connect:
        """Open its media socket."""
        merged = {**self.headers(signed_as), **changes}
        present = {name: value for name, value in merged.items() if value is not None}
        return connect(
            self.url, additional_headers=present, compression=None, proxy=None, open_timeout=20
        )

    def start(self, stream: str, **changes: object) -> str:
        """The opening message of a stream; `changes` are of its inside."""
        inside: dict[str, object] = {
            "callId": self.carrier_id,
            "streamId": stream,
            "tracks": ["inbound"],
        }
        inside["mediaFormat"] = {"encoding": "audio/x-l16", "sampleRate": 8000}
        return json.dumps({"event": "start", "start": inside | changes})

    async def call(self) -> dict[str, Any]:
        """The call as the API shows it."""
        return await self.plivo.world.call(self.call_id)

    async def streams(self, number: int) -> list[dict[str, Any]]:
        """The facts of its ended streams, once there are so many."""
        call = await self.plivo.world.until(
            self.call_id, lambda one: names(one).count("stream-ended") >= number
        )
        return [event["facts"] for event in call["events"] if event["name"] == "stream-ended"]

    async def hang_up(self) -> None:
        """The caller is gone."""
        form = hangup_form(self.carrier_id, Direction="inbound")
        assert (await self.plivo.send(self.plivo.address(Kind.ENDED), form)).status == 200


def media(stream: str, pcm: bytes) -> str:
    """A frame of audio."""
    inside = {"track": "inbound", "payload": base64.b64encode(pcm).decode()}
    return json.dumps({"event": "media", "streamId": stream, "media": inside})


async def refusal(opening: connect) -> int:
    """The status with which a handshake is refused; 101 where it is not."""
    try:
        async with opening:
            return 101
    except InvalidStatus as error:
        return int(error.response.status_code)
