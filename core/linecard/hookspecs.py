"""Every hook, and nothing else: the contract between Linecard and its plugins.

Hooks that do I/O return awaitables. No hook argument has a default. A provider implements what it
can; the set it implements is its capability table.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any, TypeVar

import pluggy

if TYPE_CHECKING:
    from linecard.calls import Call
    from linecard.carrier import (
        Answer,
        Application,
        CallLookup,
        ConnectOrder,
        Download,
        Enhancer,
        Facts,
        HangUpResult,
        PlacedCall,
        PlaceOrder,
        PodLease,
        RateLine,
        RecordingOrder,
        SetupStep,
        StreamProtocol,
        TransferOrder,
        TransferStarted,
    )
    from linecard.events import CarrierEvent
    from linecard.media.formats import StreamFormat, StreamProfile
    from linecard.numbers import Cleared, Number
    from linecard.verbs import Reason, Verb
    from linecard.webhook import Callback, CarrierRequest, Kind, Proof

hookspec = pluggy.HookspecMarker("linecard")
hookimpl = pluggy.HookimplMarker("linecard")
TO_DO = "linecard_to_do"

F = TypeVar("F", bound=Callable[..., Any])


def to_do(function: F) -> F:
    """Mark a provider's hook that is still to be written, in the place of `hookimpl`.

    The provider lacks it until then, and its tests name it.
    """
    setattr(function, TO_DO, True)
    return function


class ProviderHooks:
    """What a carrier's plugin can do. `facts`, `stream_profiles`, `stream_format` and `simulator` are static."""

    @hookspec
    def facts(self) -> Facts:
        """Return the carrier's limits and habits."""
        raise NotImplementedError

    @hookspec
    def stream_profiles(self) -> Sequence[StreamProfile]:
        """Return the ways it can carry audio, the default first."""
        raise NotImplementedError

    @hookspec
    def stream_format(self, number: Number, profile: str) -> StreamFormat:
        """Return the codec of a number on a stream profile."""
        raise NotImplementedError

    @hookspec
    def open_stream(self, profile: StreamProfile) -> StreamProtocol:
        """Return a fresh reader and writer of its media messages; it does no I/O."""
        raise NotImplementedError

    @hookspec
    def answer(self, call: Call | None, verbs: Sequence[Verb], reason: Reason) -> Answer:
        """Return the document for the verbs; `call` is None where the number is not ours."""
        raise NotImplementedError

    @hookspec
    def verify_request(self, request: CarrierRequest) -> Proof:
        """Return how the request is proved, or raise RequestRefused. A socket handshake has method GET and a ws(s) url."""
        raise NotImplementedError

    @hookspec
    def parse_callback(self, request: CarrierRequest) -> Callback:
        """Return what a verified request says and wants; raise RequestRefused (400) for a missing or malformed field."""
        raise NotImplementedError

    @hookspec
    def place_call(self, order: PlaceOrder) -> Awaitable[PlacedCall]:
        """Dial, with one request that is never sent twice. Raise CarrierRefused or PlacementUnknown."""
        raise NotImplementedError

    @hookspec
    def find_call(self, ids: Mapping[str, str]) -> Awaitable[CallLookup]:
        """Return what the carrier knows of a call of these ids."""
        raise NotImplementedError

    @hookspec
    def search_calls(
        self, from_: str, to: Cleared, since: float
    ) -> Awaitable[Sequence[CallLookup]]:
        """Return the calls between two numbers since a Unix time, to settle an unknown placement."""
        raise NotImplementedError

    @hookspec
    def hang_up(self, call: Call) -> Awaitable[HangUpResult]:
        """End a call that has been seen live. Raise CarrierUnavailable when it is not certain."""
        raise NotImplementedError

    @hookspec
    def cancel_call(self, call: Call) -> Awaitable[HangUpResult]:
        """End a call that is queued or ringing."""
        raise NotImplementedError

    @hookspec
    def send_digits(self, call: Call, digits: str) -> Awaitable[None]:
        """Press keys toward the far end by API."""
        raise NotImplementedError

    @hookspec
    def start_recording(self, call: Call, order: RecordingOrder) -> Awaitable[str]:
        """Start a recording of a live call and return its id."""
        raise NotImplementedError

    @hookspec
    def stop_recording(self, call: Call, recording: str | None) -> Awaitable[None]:
        """Stop one recording, or all of the call when None."""
        raise NotImplementedError

    @hookspec
    def pause_recording(self, call: Call, recording: str | None, resume: bool) -> Awaitable[None]:
        """Pause a recording, or go on with it when `resume`."""
        raise NotImplementedError

    @hookspec
    def fetch_recording(self, recording: str, url: str | None) -> Awaitable[Download]:
        """Return where the file is now, and the credentials for the provider's own hosts alone."""
        raise NotImplementedError

    @hookspec
    def transfer(self, call: Call, order: TransferOrder) -> Awaitable[TransferStarted]:
        """Do one stage of a transfer; the caller's document is asked for at `order.document_url`."""
        raise NotImplementedError

    @hookspec
    def connect_number(self, number: Number, order: ConnectOrder) -> Awaitable[Application]:
        """Point the number at us, or only look where `order.apply` is false; return what it points at."""
        raise NotImplementedError

    @hookspec
    def disconnect_number(self, number: Number) -> Awaitable[None]:
        """Give the number back to what it pointed at before."""
        raise NotImplementedError

    @hookspec
    def setup_steps(self, number: Number, addresses: Mapping[Kind, str]) -> Sequence[SetupStep]:
        """Return what a person must do at the carrier for this number, with our addresses to paste there."""
        raise NotImplementedError

    @hookspec
    def rates(self, destination: str) -> Awaitable[Sequence[RateLine]]:
        """Return the prices toward a number or prefix, each line with its pulse."""
        raise NotImplementedError

    @hookspec
    def normalise_number(self, text: str, field: str, country: str | None) -> str | None:
        """Return the carrier's writing of a number in E.164; None for a withheld one."""
        raise NotImplementedError

    @hookspec
    def format_number(self, number: str, field: str) -> str:
        """Return an E.164 number as the carrier wants it in this field."""
        raise NotImplementedError

    @hookspec
    def control_connection(
        self,
    ) -> AbstractAsyncContextManager[Awaitable[CarrierEvent]]:
        """Return a connection that yields events and takes commands; for carriers without webhooks."""
        raise NotImplementedError

    @hookspec
    def simulator(self) -> object:
        """Return the simulated carrier's class, a `linecard.simulator.SimulatedCarrier`."""
        raise NotImplementedError


class PluginHooks:
    """What any plugin may join in. Tell hooks are isolated from each other; ask hooks may veto."""

    @hookspec
    def call_event(self, event: CarrierEvent, call: Call) -> None:
        """Hear of an event that has been applied to a call."""

    @hookspec
    def on_start(self, app: object) -> Awaitable[None] | None:
        """Hear that the server has started."""

    @hookspec
    def on_stop(self) -> Awaitable[None] | None:
        """Hear that the server is about to stop."""

    @hookspec
    def may_dial(self, call: Call, connection: object) -> Awaitable[str | None]:
        """Return the reason why this call must not be dialled, or None; inside the intent's transaction."""
        raise NotImplementedError

    @hookspec
    def routes(self) -> Sequence[object]:
        """Return FastAPI routers to stand under `/api`, behind the same key."""
        raise NotImplementedError

    @hookspec
    def commands(self) -> Sequence[object]:
        """Return typer applications to add to the command line."""
        raise NotImplementedError

    @hookspec
    def migrations(self) -> Sequence[str]:
        """Return folders of alembic versions; tables are prefixed with the plugin's name."""
        raise NotImplementedError

    @hookspec
    def enhance(self, call: Call, format: StreamFormat) -> Enhancer | None:
        """Return an object that cleans this stream's incoming audio, or None to leave it."""
        raise NotImplementedError

    @hookspec(firstresult=True)
    def allocate_pod(self, call: Call) -> Awaitable[PodLease] | None:
        """Return where the audio of this call goes."""
        raise NotImplementedError

    @hookspec(firstresult=True)
    def release_pod(self, lease: PodLease) -> Awaitable[None] | None:
        """Give a place back; safe to repeat."""
        raise NotImplementedError
