"""Plivo, as a provider of Linecard: declarations and delegation; each part is a module beside this one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from linecard import (
    Answer,
    Application,
    Call,
    Callback,
    CallLookup,
    CarrierRequest,
    Cleared,
    ConnectOrder,
    Download,
    Facts,
    HangUpResult,
    Kind,
    Number,
    PlacedCall,
    PlaceOrder,
    Proof,
    RateLine,
    Reason,
    RecordingOrder,
    SetupStep,
    StreamFormat,
    StreamProfile,
    StreamProtocol,
    TransferOrder,
    TransferStarted,
    Verb,
    hookimpl,
)
from linecard_plivo import (
    applications,
    calls,
    documents,
    e164,
    facts,
    lookups,
    prices,
    signature,
    transfers,
    webhooks,
)
from linecard_plivo.options import PlivoOptions, read_options
from linecard_plivo.rest import Rest
from linecard_plivo.settings import PlivoSettings
from linecard_plivo.stream import PlivoStream


class Plivo:
    """One Plivo account."""

    settings = PlivoSettings
    options = PlivoOptions

    def __init__(self, account: str, settings: PlivoSettings) -> None:
        self._account = account
        self._settings = settings
        self._rest = Rest(settings)

    @staticmethod
    @hookimpl
    def facts() -> Facts:
        """Plivo's limits and habits."""
        return facts.FACTS

    @staticmethod
    @hookimpl
    def stream_profiles() -> Sequence[StreamProfile]:
        """L16 at 8 kHz by default, L16 at 16 kHz, PCMU."""
        return facts.PROFILES

    @staticmethod
    @hookimpl
    def stream_format(number: Number, profile: str) -> StreamFormat:
        """The codec of a profile, the same for every number. Raises InvalidField for an unknown one."""
        return facts.profile(profile).format

    @staticmethod
    @hookimpl
    def simulator() -> object:
        """The simulated Plivo."""
        from linecard_plivo.simulator import SimulatedPlivo

        return SimulatedPlivo

    @hookimpl
    def open_stream(self, profile: StreamProfile) -> StreamProtocol:
        """A reader and writer of one socket's messages."""
        return PlivoStream(profile)

    @hookimpl
    def answer(self, call: Call | None, verbs: Sequence[Verb], reason: Reason) -> Answer:
        """The verbs as Plivo XML."""
        return Answer(documents.write(verbs, read_options(call.options if call else {})))

    @hookimpl
    def verify_request(self, request: CarrierRequest) -> Proof:
        """Signature V3, or V2 where the settings say so."""
        return signature.prove(self._settings, self._account, request)

    @hookimpl
    def parse_callback(self, request: CarrierRequest) -> Callback:
        """Every webhook of Plivo."""
        return webhooks.parse(request)

    @hookimpl
    async def place_call(self, order: PlaceOrder) -> PlacedCall:
        """Dial, once."""
        return await calls.place(self._rest, order)

    @hookimpl
    async def find_call(self, ids: Mapping[str, str]) -> CallLookup:
        """Running, queued, or over."""
        return await lookups.find(self._rest, ids)

    @hookimpl
    async def search_calls(self, from_: str, to: Cleared, since: float) -> Sequence[CallLookup]:
        """The calls between two numbers since a Unix time."""
        return await lookups.search(self._rest, from_, to, since)

    @hookimpl
    async def hang_up(self, call: Call) -> HangUpResult:
        """End a live call."""
        return await calls.hang_up(self._rest, call)

    @hookimpl
    async def cancel_call(self, call: Call) -> HangUpResult:
        """End a queued or ringing call."""
        return await calls.cancel(self._rest, call)

    @hookimpl
    async def send_digits(self, call: Call, digits: str) -> None:
        """Press keys by API."""
        await calls.send_digits(self._rest, call, digits)

    @hookimpl
    async def start_recording(self, call: Call, order: RecordingOrder) -> str:
        """Record a live call."""
        return await calls.start_recording(self._rest, call, order)

    @hookimpl
    async def stop_recording(self, call: Call, recording: str | None) -> None:
        """Stop every recording of the call: Plivo's SDK cannot stop one of them."""
        await calls.stop_recording(self._rest, call)

    @hookimpl
    async def fetch_recording(self, recording: str, url: str | None) -> Download:
        """Where a recording's file is."""
        return await calls.fetch_recording(self._rest, recording, url)

    @hookimpl
    async def delete_recording(self, recording: str) -> None:
        """Delete a recording's file."""
        await calls.delete_recording(self._rest, recording)

    @hookimpl
    async def transfer(self, call: Call, order: TransferOrder) -> TransferStarted:
        """One stage of a transfer."""
        return await transfers.transfer(self._rest, call, order)

    @hookimpl
    async def connect_number(self, number: Number, order: ConnectOrder) -> Application:
        """Point a number at our application, or look."""
        return await applications.connect(self._rest, number, order)

    @hookimpl
    async def disconnect_number(self, number: Number) -> None:
        """Give a number back."""
        await applications.disconnect(self._rest, number)

    @hookimpl
    def setup_steps(self, number: Number, addresses: Mapping[Kind, str]) -> Sequence[SetupStep]:
        """What a person does for inbound calls."""
        return applications.setup_steps(number, addresses[Kind.ANSWER])

    @hookimpl
    async def rates(self, destination: str) -> Sequence[RateLine]:
        """Prices toward a number or prefix."""
        return await prices.rates(self._rest, destination)

    @hookimpl
    def normalise_number(self, text: str, field: str, country: str | None) -> str | None:
        """Plivo's writing of a number in E.164."""
        return e164.read_number(text, field, country)

    @hookimpl
    def format_number(self, number: str, field: str) -> str:
        """Digits without a plus, Plivo's house style in every field."""
        return e164.write_number(number)
