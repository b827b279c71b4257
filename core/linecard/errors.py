"""Every exception of Linecard, in one tree.

LinecardError
├── InvalidField            a value from outside is not acceptable; names the field
├── NotFound                no number, call, recording or agent of that name
├── Conflict                it exists already, or it is in use
│   └── RecordingRefused    nothing was asked of the carrier; names the reason
├── CallOver                the call has ended; nothing more can be asked of it
├── UnsupportedByProvider   this provider (or stream profile) lacks the hook
├── GateRefused             a number may not leave: country, premium, allow list, veto
├── LimitReached            a hard stop of outgoing calls; names the limit
├── Stopping                the server drains: no new calls
├── NoFreePod               no process is free to carry a call
├── RequestRefused          a carrier's request that is not believed (403) or not readable (400)
└── CarrierError            the carrier's side of a request
    ├── CarrierRefused      a definite no: nothing happened there
    ├── CarrierUnavailable  no answer, or a fault of theirs; safe to try an idempotent request again
    └── PlacementUnknown    a call may or may not exist; never dial again by yourself

ConfigurationError          deliberately outside: a wrong setting is never "handled" at run time
└── PluginError             two plugins of one name, a broken plugin in strict mode
"""

from __future__ import annotations


class LinecardError(Exception):
    """Anything that goes wrong while Linecard runs."""


class InvalidField(LinecardError):
    """A value from outside is not acceptable.

    `field` is the path in the request (`options.noise_cancellation_level`).
    """

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


class NotFound(LinecardError):
    """Nothing of that kind and name exists."""

    def __init__(self, kind: str, name: str, hint: str = "") -> None:
        super().__init__(f"no {kind} {name!r}" + (f"; {hint}" if hint else ""))
        self.kind = kind
        self.name = name


class Conflict(LinecardError):
    """It exists already, or it is in use."""


class RecordingRefused(Conflict):
    """A recording cannot be started, stopped, paused or gone on with as the call stands.

    `reason`: `no-consent`, `not-answered`, `not-running` or `paused`.
    """

    def __init__(self, call_id: str, reason: str, message: str) -> None:
        super().__init__(f"call {call_id}: {message} ({reason})")
        self.reason = reason


class CallOver(LinecardError):
    """The call has ended; nothing more can be asked of it."""

    def __init__(self, call_id: str, reason: str = "") -> None:
        super().__init__(f"call {call_id} is over" + (f" ({reason})" if reason else ""))
        self.call_id = call_id
        self.reason = reason


class UnsupportedByProvider(LinecardError):
    """This provider, or this stream profile of it, lacks the hook."""

    def __init__(self, provider: str, hook: str, profile: str | None = None) -> None:
        where = f"{provider} (stream profile {profile})" if profile else provider
        super().__init__(f"{where} does not support {hook}")
        self.provider = provider
        self.hook = hook
        self.profile = profile


class GateRefused(LinecardError):
    """A telephone number or SIP address may not leave Linecard."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


class LimitReached(LinecardError):
    """A hard stop of outgoing calls; `limit` is the name of its setting.

    `retry_after` (seconds) is when there may be room again, where that is known.
    """

    def __init__(self, limit: str, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(f"{message} ({limit})")
        self.limit = limit
        self.retry_after = retry_after


class Stopping(LinecardError):
    """The server is stopping and takes no new calls."""


class NoFreePod(LinecardError):
    """No pod is free for a call; it may be tried again soon."""


class RequestRefused(LinecardError):
    """A carrier's request that is not believed (403) or not readable (400)."""

    def __init__(self, reason: str, status: int = 403) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


class CarrierError(LinecardError):
    """The carrier's side of a request; carries provider, HTTP status and the carrier's own code."""

    def __init__(
        self, provider: str, message: str, *, status: int | None = None, code: str = ""
    ) -> None:
        super().__init__(f"{provider}: {message}")
        self.provider = provider
        self.message = message
        self.status = status
        self.code = code


class CarrierRefused(CarrierError):
    """A definite no: nothing happened at the carrier.

    `retry_after` (seconds) is set where the carrier asks to come back (429).
    """

    def __init__(
        self,
        provider: str,
        message: str,
        *,
        status: int | None = None,
        code: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(provider, message, status=status, code=code)
        self.retry_after = retry_after


class CarrierUnavailable(CarrierError):
    """No answer, or a fault on their side; an idempotent request may be tried again."""


class PlacementUnknown(CarrierError):
    """The carrier may or may not have placed the call; only a callback or a positive look-up settles it."""


class ConfigurationError(Exception):
    """A setting is missing, malformed or unknown; the message names it and says what to do."""


class PluginError(ConfigurationError):
    """Two plugins of one name, or a broken plugin in strict mode; names the distributions."""
