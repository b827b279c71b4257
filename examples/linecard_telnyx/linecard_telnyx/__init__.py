"""Telnyx, as a provider of Linecard: webhooks are acknowledged, and the answers are API commands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from linecard import (
    Answer,
    Call,
    Callback,
    CallLookup,
    CarrierRequest,
    Download,
    Facts,
    HangUpResult,
    Kind,
    Number,
    PlacedCall,
    PlaceOrder,
    Proof,
    Reason,
    Reply,
    SetupStep,
    StreamFormat,
    StreamProfile,
    StreamProtocol,
    TransferOrder,
    TransferStart,
    TransferStarted,
    UnsupportedByProvider,
    Verb,
    hookimpl,
)
from linecard_telnyx import calls, facts, signature, webhooks
from linecard_telnyx.commands import commands
from linecard_telnyx.rest import NAME, Rest
from linecard_telnyx.settings import TelnyxSettings
from linecard_telnyx.stream import TelnyxStream


class Telnyx:
    """One Telnyx account."""

    settings = TelnyxSettings

    def __init__(self, account: str, settings: TelnyxSettings) -> None:
        self._account = account
        self._settings = settings
        self._rest = Rest(settings)

    @staticmethod
    @hookimpl
    def facts() -> Facts:
        """Telnyx's limits and habits."""
        return facts.FACTS

    @staticmethod
    @hookimpl
    def stream_profiles() -> Sequence[StreamProfile]:
        """A stream that is started at the answer, or one that goes out with the dial."""
        return facts.PROFILES

    @staticmethod
    @hookimpl
    def stream_format(number: Number, profile: str) -> StreamFormat:
        """What is asked for; `start` decides what comes in. Raises InvalidField."""
        return facts.profile(profile).format

    @staticmethod
    @hookimpl
    def simulator() -> object:
        """The simulated Telnyx."""
        from linecard_telnyx.simulator import SimulatedTelnyx

        return SimulatedTelnyx

    @hookimpl
    def open_stream(self, profile: StreamProfile) -> StreamProtocol:
        """A reader and writer of one socket's messages."""
        return TelnyxStream()

    @hookimpl
    def answer(self, call: Call | None, verbs: Sequence[Verb], reason: Reason) -> Answer:
        """An empty 200, and the verbs as commands; nothing can be commanded of a call of no id."""
        if call is None or not call.carrier_ids:
            return Answer(Reply())
        return Answer(Reply(), commands(self._rest, call, verbs, reason))

    @hookimpl
    def verify_request(self, request: CarrierRequest) -> Proof:
        """Ed25519, at most five minutes old."""
        return signature.prove(self._settings, self._account, request)

    @hookimpl
    def parse_callback(self, request: CarrierRequest) -> Callback:
        """Every webhook of Telnyx."""
        return webhooks.parse(request)

    @hookimpl
    async def place_call(self, order: PlaceOrder) -> PlacedCall:
        """Dial, once."""
        return await calls.place(self._rest, order)

    @hookimpl
    async def find_call(self, ids: Mapping[str, str]) -> CallLookup:
        """Alive, or over."""
        return await calls.find(self._rest, ids)

    @hookimpl
    async def hang_up(self, call: Call) -> HangUpResult:
        """End a live call."""
        return await calls.hang_up(self._rest, call)

    @hookimpl
    async def cancel_call(self, call: Call) -> HangUpResult:
        """End a call that has not been answered: the same command."""
        return await calls.hang_up(self._rest, call)

    @hookimpl
    async def send_digits(self, call: Call, digits: str) -> None:
        """Press keys toward the caller's leg."""
        await self._rest.command(calls.control_id(call), "send_dtmf", {"digits": digits})

    @hookimpl
    async def fetch_recording(self, recording: str, url: str | None) -> Download:
        """Where a recording's file is now."""
        return await calls.fetch_recording(self._rest, recording)

    @hookimpl
    async def transfer(self, call: Call, order: TransferOrder) -> TransferStarted:
        """Nothing yet: the stream is closed, and its end asks for the dial, which is the command.

        Raises UnsupportedByProvider for several targets, as the dial would once it is too late.
        """
        if len(order.targets) > 1:
            raise UnsupportedByProvider(NAME, "a transfer to several targets")
        return TransferStarted(start=TransferStart.DOCUMENT_AFTER_STREAM)

    @hookimpl
    def setup_steps(self, number: Number, addresses: Mapping[Kind, str]) -> Sequence[SetupStep]:
        """The address of the Call Control Application, which all its numbers share."""
        return (
            SetupStep(
                "Telnyx portal, Voice, your Call Control application: Webhook URL (API v2)",
                addresses[Kind.ANSWER],
            ),
            SetupStep(f"Telnyx portal, Numbers: give {number.number} to that application"),
        )
