"""Twilio, as a provider of Linecard: declarations and delegation; each part is a module beside this one."""

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
from linecard_twilio import (
    calls,
    documents,
    e164,
    facts,
    lookups,
    numbers,
    prices,
    recordings,
    signature,
    transfers,
    webhooks,
)
from linecard_twilio.options import TwilioOptions
from linecard_twilio.rest import Rest
from linecard_twilio.settings import TwilioSettings
from linecard_twilio.stream import TwilioStream


class Twilio:
    """One Twilio account, or sub-account."""

    settings = TwilioSettings
    options = TwilioOptions

    def __init__(self, account: str, settings: TwilioSettings) -> None:
        self._account = account
        self._settings = settings
        self._rest = Rest(settings)

    @staticmethod
    @hookimpl
    def facts() -> Facts:
        """Twilio's limits and habits."""
        return facts.FACTS

    @staticmethod
    @hookimpl
    def stream_profiles() -> Sequence[StreamProfile]:
        """PCMU at 8 kHz: there is no other."""
        return facts.PROFILES

    @staticmethod
    @hookimpl
    def stream_format(number: Number, profile: str) -> StreamFormat:
        """The codec of a profile, the same for every number. Raises InvalidField for an unknown one."""
        return facts.profile(profile).format

    @staticmethod
    @hookimpl
    def simulator() -> object:
        """The simulated Twilio."""
        from linecard_twilio.simulator import SimulatedTwilio

        return SimulatedTwilio

    @hookimpl
    def open_stream(self, profile: StreamProfile) -> StreamProtocol:
        """A reader and writer of one socket's messages."""
        return TwilioStream(profile, self._settings.account_sid)

    @hookimpl
    def answer(self, call: Call | None, verbs: Sequence[Verb], reason: Reason) -> Answer:
        """The verbs as TwiML."""
        return Answer(documents.write(verbs, documents.setting_of(call)))

    @hookimpl
    def verify_request(self, request: CarrierRequest) -> Proof:
        """The classic signature, or that of a shared key of the settings."""
        return signature.prove(self._settings, self._account, request)

    @hookimpl
    def parse_callback(self, request: CarrierRequest) -> Callback:
        """Every webhook of Twilio."""
        return webhooks.parse(request)

    @hookimpl
    async def place_call(self, order: PlaceOrder) -> PlacedCall:
        """Dial, once."""
        return await calls.place(self._rest, order)

    @hookimpl
    async def find_call(self, ids: Mapping[str, str]) -> CallLookup:
        """Queued, running, or over."""
        return await lookups.find(self._rest, ids)

    @hookimpl
    async def search_calls(self, from_: str, to: Cleared, since: float) -> Sequence[CallLookup]:
        """The calls between two numbers since a Unix time."""
        return await lookups.search(self._rest, from_, to, since)

    @hookimpl
    async def hang_up(self, call: Call) -> HangUpResult:
        """End a live call."""
        return await calls.end(self._rest, calls.call_id(call))

    @hookimpl
    async def cancel_call(self, call: Call) -> HangUpResult:
        """End a queued or ringing call: the same request, which also ends one that is just answered."""
        return await calls.end(self._rest, calls.call_id(call))

    @hookimpl
    async def start_recording(self, call: Call, order: RecordingOrder) -> str:
        """Record a live call."""
        return await recordings.start(self._rest, call, order)

    @hookimpl
    async def stop_recording(self, call: Call, recording: str | None) -> None:
        """Stop one recording, or all of the call."""
        await recordings.stop(self._rest, call, recording)

    @hookimpl
    async def pause_recording(self, call: Call, recording: str | None, resume: bool) -> None:
        """Pause a recording, or go on with it."""
        await recordings.pause(self._rest, call, recording, resume)

    @hookimpl
    async def fetch_recording(self, recording: str, url: str | None) -> Download:
        """Where a recording's file is."""
        return await recordings.fetch(self._rest, recording, url)

    @hookimpl
    async def delete_recording(self, recording: str) -> None:
        """Delete a recording's file; Twilio keeps its facts for 40 days."""
        await recordings.delete(self._rest, recording)

    @hookimpl
    async def transfer(self, call: Call, order: TransferOrder) -> TransferStarted:
        """One stage of a transfer."""
        return await transfers.transfer(self._rest, call, order)

    @hookimpl
    async def connect_number(self, number: Number, order: ConnectOrder) -> Application:
        """Point a number at us, or look."""
        return await numbers.connect(self._rest, number, order)

    @hookimpl
    async def disconnect_number(self, number: Number) -> None:
        """Give a number back."""
        await numbers.disconnect(self._rest, number)

    @hookimpl
    def setup_steps(self, number: Number, addresses: Mapping[Kind, str]) -> Sequence[SetupStep]:
        """What a person does for inbound calls."""
        return numbers.setup_steps(number, addresses)

    @hookimpl
    async def rates(self, destination: str) -> Sequence[RateLine]:
        """Prices toward a number or prefix, and of what a call may need besides."""
        return await prices.rates(self._rest, destination)

    @hookimpl
    def normalise_number(self, text: str, field: str, country: str | None) -> str | None:
        """Twilio's writing of a number in E.164."""
        return e164.read_number(text, field, country)

    @hookimpl
    def format_number(self, number: str, field: str) -> str:
        """E.164 with its plus, as it stands, in every field."""
        return number
