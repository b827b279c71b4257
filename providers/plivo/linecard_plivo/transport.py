"""The guarded transport under the vendor's SDK: one request leaves, and its answer is judged here.

The SDK sends a request up to three times on a 5xx, prints while it does, and hides status and
Retry-After of most errors; so whatever is not a success is raised before the SDK sees it. This
module loads the SDK: import it in a worker thread only.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import plivo
from plivo.exceptions import PlivoRestError
from requests import PreparedRequest, RequestException, Response
from requests.adapters import HTTPAdapter
from requests.exceptions import ConnectTimeout
from urllib3.exceptions import NewConnectionError

from linecard_plivo.failures import Denied, Failure, Lost, NotSent
from linecard_plivo.settings import PlivoSettings

TIMED_OUT = 408
LONGEST_REASON = 300


class Guard(HTTPAdapter):
    """Sends every request to one origin, once, and raises a Failure for anything but a success."""

    def __init__(self, origin: str) -> None:
        super().__init__(max_retries=0)
        self._origin = urlsplit(origin)

    def send(self, request: PreparedRequest, *args: Any, **options: Any) -> Response:
        """The answer when it is a success with a JSON object or nothing in it."""
        parts = urlsplit(request.url or "")
        aimed = parts._replace(scheme=self._origin.scheme, netloc=self._origin.netloc)
        request.url = urlunsplit(aimed)
        try:
            response = super().send(request, *args, **options)
            _ = response.content
        except RequestException as error:
            raise _broken(error) from error
        _judge(response)
        return response


def _broken(error: RequestException) -> Failure:
    reason = getattr(error.args[0], "reason", error) if error.args else error
    # Requests' own ValueErrors are about the address.
    never_left = isinstance(error, (ConnectTimeout, ValueError))
    no_connection = isinstance(reason, NewConnectionError) or _is_untrusted(reason)
    kind = NotSent if never_left or no_connection else Lost
    return kind(f"{type(error).__name__}: {reason}"[:LONGEST_REASON])


def _is_untrusted(reason: object) -> bool:
    """A certificate that does not fit ends the handshake, before the request."""
    causes = getattr(reason, "args", ())
    return any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes)


def _judge(response: Response) -> None:
    status, body = response.status_code, _object(response)
    if 200 <= status < 300:
        if body is None and response.content:
            raise Lost(f"the answer ({status}) is not a JSON object", status)
        return
    message = f"{status} {_reason(body)}".strip()
    if 400 <= status < 500 and status != TIMED_OUT:
        raise Denied(message, status, _retry_after(response))
    raise Lost(message, status)


def _object(response: Response) -> dict[str, Any] | None:
    try:
        body = response.json()
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def _reason(body: dict[str, Any] | None) -> str:
    """Plivo's `error` is a text, or an object of field errors."""
    return str((body or {}).get("error", ""))[:LONGEST_REASON]


def _retry_after(response: Response) -> float | None:
    text = response.headers.get("Retry-After", "")
    return float(text) if text.isascii() and text.isdecimal() else None


def put(
    question: Callable[[Any], object],
    guard: Guard,
    settings: PlivoSettings,
    timeout: tuple[float, float],
) -> object:
    """Put one question to a fresh SDK client; the clients are not thread-safe, the guard's pool is.

    Raises Failure.
    """
    client: Any = plivo.RestClient(settings.auth_id, settings.rest_token)
    client.timeout = timeout
    client.session.mount("https://", guard)
    client.session.mount("http://", guard)
    try:
        return question(client)
    except PlivoRestError as error:
        raise Denied(f"the request is not valid: {error}") from error
    except (AttributeError, KeyError, TypeError) as error:
        # The SDK reads lists without looking: what is in them may be anything.
        raise Lost(f"the answer is none of Plivo's ({type(error).__name__})") from error
