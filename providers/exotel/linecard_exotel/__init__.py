"""Exotel, as a provider of Linecard: declarations and delegation; each part is a module beside this one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from linecard import (
    Answer,
    Call,
    Callback,
    CallLookup,
    CarrierRequest,
    Cleared,
    Download,
    Facts,
    HangUpResult,
    Kind,
    Number,
    PlacedCall,
    PlaceOrder,
    Proof,
    Reason,
    SetupStep,
    StreamFormat,
    StreamProfile,
    StreamProtocol,
    TransferOrder,
    TransferStarted,
    Verb,
    hookimpl,
)
from linecard_exotel import calls, documents, e164, facts, flows, lookups, proof, webhooks
from linecard_exotel.options import ExotelOptions
from linecard_exotel.rest import Rest
from linecard_exotel.settings import ExotelSettings
from linecard_exotel.stream import ExotelStream


class Exotel:
    """One Exotel account."""

    settings = ExotelSettings
    options = ExotelOptions

    def __init__(self, account: str, settings: ExotelSettings) -> None:
        self._account = account
        self._settings = settings
        self._rest = Rest(settings)

    @staticmethod
    @hookimpl
    def facts() -> Facts:
        """Exotel's limits and habits."""
        return facts.FACTS

    @staticmethod
    @hookimpl
    def stream_profiles() -> Sequence[StreamProfile]:
        """A flow's Voicebot by default, the stream in the dial, the Legs API."""
        return facts.PROFILES

    @staticmethod
    @hookimpl
    def stream_format(number: Number, profile: str) -> StreamFormat:
        """The codec of a profile, the same for every number. Raises InvalidField for an unknown one."""
        return facts.profile(profile).format

    @staticmethod
    @hookimpl
    def simulator() -> object:
        """The simulated Exotel."""
        from linecard_exotel.simulator import SimulatedExotel

        return SimulatedExotel

    @hookimpl
    def open_stream(self, profile: StreamProfile) -> StreamProtocol:
        """A reader and writer of one socket's messages."""
        return ExotelStream(profile, self._settings.sid)

    @hookimpl
    def answer(self, call: Call | None, verbs: Sequence[Verb], reason: Reason) -> Answer:
        """The verbs as the reply that the flow's applet understands."""
        return Answer(documents.write(self._settings, call, verbs, reason))

    @hookimpl
    def verify_request(self, request: CarrierRequest) -> Proof:
        """Our token, and Basic auth where it is set."""
        return proof.prove(self._settings, self._account, request)

    @hookimpl
    def parse_callback(self, request: CarrierRequest) -> Callback:
        """Every request of Exotel."""
        return webhooks.parse(request, self._settings.country, self._settings.timezone)

    @hookimpl
    async def place_call(self, order: PlaceOrder) -> PlacedCall:
        """Dial, once."""
        return await calls.place(self._rest, order)

    @hookimpl
    async def find_call(self, ids: Mapping[str, str]) -> CallLookup:
        """Going on, or over and perhaps priced."""
        return await lookups.find(self._rest, ids)

    @hookimpl
    async def search_calls(self, from_: str, to: Cleared, since: float) -> Sequence[CallLookup]:
        """The calls between two numbers since a Unix time."""
        return await lookups.search(self._rest, from_, to, since)

    @hookimpl
    async def hang_up(self, call: Call) -> HangUpResult:
        """End a live call by closing its stream."""
        return calls.hang_up(call)

    @hookimpl
    async def cancel_call(self, call: Call) -> HangUpResult:
        """Exotel cannot stop a call that rings: the ring limit given at the dial does."""
        return HangUpResult.UNSUPPORTED

    @hookimpl
    async def fetch_recording(self, recording: str, url: str | None) -> Download:
        """Where a recording's file is."""
        return await calls.fetch_recording(self._rest, recording, url)

    @hookimpl
    async def transfer(self, call: Call, order: TransferOrder) -> TransferStarted:
        """Leave it to the flow's next applets."""
        return calls.transfer(call, order)

    @hookimpl
    def setup_steps(self, number: Number, addresses: Mapping[Kind, str]) -> Sequence[SetupStep]:
        """The flow to build by hand."""
        return flows.setup_steps(self._settings, number, addresses)

    @hookimpl
    def normalise_number(self, text: str, field: str, country: str | None) -> str | None:
        """Exotel's writing of a number in E.164."""
        return e164.read_number(text, field, country or self._settings.country)

    @hookimpl
    def format_number(self, number: str, field: str) -> str:
        """An ExoPhone national with a leading 0, other numbers in E.164."""
        return e164.write_number(number, field, self._settings.country)
