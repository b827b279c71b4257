"""Every hook, and nothing else: the contract between Linecard and its plugins.

Hooks that do I/O return awaitables. No hook argument has a default. A provider implements what it
can; the set it implements is its capability table.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
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
    from linecard.enhancing.offers import Enhancer, EnhancerOffer
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
        """Return the carrier's limits and habits; asked without an account."""
        raise NotImplementedError

    @hookspec
    def stream_profiles(self) -> Sequence[StreamProfile]:
        """Return the ways it can carry audio, the default first; asked without an account.

        Codec, rate, byte order and chunks are those of the carrier's own description.
        """
        raise NotImplementedError

    @hookspec
    def stream_format(self, number: Number, profile: str) -> StreamFormat:
        """Return the codec of a number on a stream profile; raise InvalidField for an unknown profile."""
        raise NotImplementedError

    @hookspec
    def open_stream(self, profile: StreamProfile) -> StreamProtocol:
        """Return a fresh reader and writer of one connection's media messages.

        It does no I/O, and nothing that the peer sends makes it raise: what is of no use becomes
        MessageDropped with a reason.
        """
        raise NotImplementedError

    @hookspec
    def answer(self, call: Call | None, verbs: Sequence[Verb], reason: Reason) -> Answer:
        """Return the document for the verbs; a call to a number that is not ours has no id, and may be None.

        Every verb is written, in its order, or UnsupportedByProvider is raised; none is left out.
        Addresses are passed on byte for byte, and texts are never pasted into a document.
        """
        raise NotImplementedError

    @hookspec
    def verify_request(self, request: CarrierRequest) -> Proof:
        """Return how the request is proved, or raise RequestRefused, and nothing else, whatever is sent.

        Compare in constant time, with every live value of a secret, over the exact `url`, method,
        headers and body. The handshake of a media socket comes here too: method GET and a ws(s) url.
        """
        raise NotImplementedError

    @hookspec
    def parse_callback(self, request: CarrierRequest) -> Callback:
        """Return what a verified request says and wants.

        Each event has a key that a repeat of the same fact shares and no other fact has, and names
        its leg. What no table knows is Unrecognised; a field that no table knows goes to `unknown`.
        Raise RequestRefused (400) only where a field that is needed is missing or malformed.
        """
        raise NotImplementedError

    @hookspec
    def place_call(self, order: PlaceOrder) -> Awaitable[PlacedCall]:
        """Dial, with one request that is never sent twice.

        Raise CarrierRefused for a clear no and where nothing was sent, PlacementUnknown for whatever
        else is no clear yes: then nobody knows whether a telephone rings.
        """
        raise NotImplementedError

    @hookspec
    def find_call(self, ids: Mapping[str, str]) -> Awaitable[CallLookup]:
        """Return what the carrier knows of the call with these ids.

        NOT_FOUND proves nothing: records come late, and core decides. Raise CarrierUnavailable.
        """
        raise NotImplementedError

    @hookspec
    def search_calls(
        self, from_: str, to: Cleared, since: float
    ) -> Awaitable[Sequence[CallLookup]]:
        """Return the calls between two numbers since a Unix time, to settle an unknown placement."""
        raise NotImplementedError

    @hookspec
    def hang_up(self, call: Call) -> Awaitable[HangUpResult]:
        """End a call that has been seen live; safe to repeat.

        NOT_FOUND where the carrier knows no such call. Raise CarrierUnavailable when it is not certain.
        """
        raise NotImplementedError

    @hookspec
    def cancel_call(self, call: Call) -> Awaitable[HangUpResult]:
        """End a call that is queued or ringing, also where it has just been answered; safe to repeat."""
        raise NotImplementedError

    @hookspec
    def send_digits(self, call: Call, digits: str) -> Awaitable[None]:
        """Press keys toward the far end by API; left out where only the media socket or tones can."""
        raise NotImplementedError

    @hookspec
    def start_recording(self, call: Call, order: RecordingOrder) -> Awaitable[str | None]:
        """Start a recording of a live call; its id, or None where that is told with the file.

        Raise CarrierRefused while it cannot start.
        """
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
        """Return where the file is now, renewing a link that has run out.

        The credentials are for the provider's own hosts, which are named, and for these alone.
        """
        raise NotImplementedError

    @hookspec
    def delete_recording(self, recording: str) -> Awaitable[None]:
        """Delete a recording's file at the carrier; one that is gone already is no error."""
        raise NotImplementedError

    @hookspec
    def transfer(self, call: Call, order: TransferOrder) -> Awaitable[TransferStarted]:
        """Do one stage of a transfer; the caller's document is asked for at `order.document_url`.

        `order.stage` is DIAL unless `facts.consults`. A refusal (CarrierRefused) leaves the caller and
        the stream as they were.
        """
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
        """Return the prices toward a number or prefix, each line with its pulse; `read_prices` reads a shipped list."""
        raise NotImplementedError

    @hookspec
    def normalise_number(self, text: str, field: str, country: str | None) -> str | None:
        """Return the carrier's writing of a number in E.164; None for a withheld one. Raise InvalidField."""
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
        """Return the simulated carrier's class, a `linecard.simulator.SimulatedCarrier`.

        It is written from the carrier's description, as strict as the carrier, never from our requests.
        """
        raise NotImplementedError


class PluginHooks:
    """What any plugin may join in. Tell hooks are isolated from each other; ask hooks may veto."""

    @hookspec
    def call_event(self, event: CarrierEvent, call: Call) -> None:
        """Hear of an event that has been applied to a call."""

    @hookspec
    def on_start(self, app: object) -> Awaitable[None] | None:
        """Hear that the server has started: `app.state.linecard` is its `linecard.Server`.

        In a pod that is None, and `app.state.media.is_used` says whether its call has come.

        Raise ConfigurationError where it cannot run as it is set up.
        """

    @hookspec
    def on_stop(self) -> Awaitable[None] | None:
        """Hear that the server, or the pod, is about to stop."""

    @hookspec
    def may_dial(self, call: Call, connection: object) -> Awaitable[str | None]:
        """Return the reason why this call must not be dialled, or None; inside the intent's transaction."""
        raise NotImplementedError

    @hookspec
    def number_blocked(self, number: str, connection: object) -> Awaitable[None] | None:
        """Hear that we stop calling a number, or every number of a prefix with a `*`.

        Inside the transaction that blocks it: no I/O but on the connection, and what is raised undoes it all.
        """

    @hookspec
    def number_forgotten(self, number: str, connection: object) -> Awaitable[Mapping[str, int]]:
        """Erase what you keep of a number in E.164, and return how many rows of each kind that were.

        Inside the transaction that forgets it: no I/O but on the connection, and what is raised undoes it all;
        Conflict is told to whoever asked. A dry run ends in a rollback.
        """
        raise NotImplementedError

    @hookspec
    def rows_expired(self, before: datetime, connection: object) -> Awaitable[int]:
        """Erase some of what ended before a moment, as `LINECARD_KEEP_DAYS` has it for calls; how many rows.

        Inside a transaction of its own, asked again until nothing is left: callers wait for no longer than
        a few hundred rows take.
        """
        raise NotImplementedError

    @hookspec
    def free_text(self) -> Sequence[tuple[object, Sequence[str]]]:
        """Return tables with the names of their columns of free text or JSON.

        A number that is forgotten is taken out of these, whoever's rows they are.
        """
        raise NotImplementedError

    @hookspec
    def routes(self) -> Sequence[object]:
        """Return FastAPI routers to stand under `/api`, for admin keys unless a route names its scope.

        `request.app.state.linecard` is the `linecard.Server`.
        """
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
    def enhancers(self) -> Sequence[EnhancerOffer]:
        """Return the enhancers that `enhance` opens, those too that this installation lacks something for."""
        raise NotImplementedError

    @hookspec
    def enhance(self, call: Call, format: StreamFormat) -> Enhancer | None:
        """Return what enhances this stream's incoming audio: the enhancer that `call.enhance` names.

        Only the plugin that offers it is asked, in a thread of its own, so that it may load what it needs;
        the stream goes on meanwhile. Raise the reason where it is not to be had (a licence, a model).
        """
        raise NotImplementedError

    @hookspec(firstresult=True)
    def allocate_pod(self, call: Call) -> Awaitable[PodLease] | None:
        """Return where the audio of this call goes.

        Raise NoFreePod where none is free now, which is tried again, and LinecardError otherwise.
        """
        raise NotImplementedError

    @hookspec(firstresult=True)
    def release_pod(self, lease: PodLease) -> Awaitable[None] | None:
        """Give a place back; safe to repeat."""
        raise NotImplementedError
