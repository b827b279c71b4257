"""Where Exotel's pages disagree, or say nothing: one switch each, set to the likelier reading."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True, kw_only=True)
class Quirks:
    """How this Exotel behaves. Times are seconds of the carrier's clock, `url_seconds` real ones.

    Socket: `keys` are `snake`, `camel` or `both`; `numbers_as_text` writes sequence, chunk and
    timestamp as text; `media_format` is a name in `shapes.MEDIA_FORMATS`; `parameters` is the form of
    custom_parameters: `object`, or `text` (comma-separated pairs, empty where there are none);
    `greets_with_protocol` puts protocol and version into `connected`; `media_before_start`;
    `frame_ms` is 20 or 100; `strict_chunks` closes the socket on a chunk outside the rules, else it
    is noted and played; `clear_returns_marks`; `mulaw` is the ExoML surface's audio;
    `throttle_limit` is how many streams the account may have at once.

    Flows: `misleading_to` is the shared number in `To`, None writes the ExoPhone there; `server_code`
    is a parameter that came in 2026; `stream_in` is how a Passthru gets the stream's facts,
    `brackets` or `json`; `digits` were pressed in a Gather applet ahead of the flow;
    `nests_passthru` repeats an earlier Passthru's address in what follows;
    `passthru_after_hangup`: a Passthru behind a Voicebot hears that the caller has hung up;
    `strict_flow_ids`: start_voice takes only the ids of flows that were set up.

    Reports: `retries` are the waits before a StatusCallback comes again; `tells_all_always`: the long
    form of the callback without any StatusCallbackEvents; `flow_events`: events other than terminal
    for calls of a flow; `recording_url` is when a recording's address is told: `callback`, `later`
    (only the call's details have it, once the file is there) or `never`; `recording_delay`;
    `details_delay` is how long EndTime, Duration and Price are missing; `presigned` is the account's
    feature of signed recording addresses.

    Account: `refuses` is 402 or 403 for every new call; `concurrency` is how many calls at once,
    None any; `rejected_is` is the status of a call that was declined.
    """

    keys: str = "snake"
    numbers_as_text: bool = True
    media_format: str = "audio/x-raw"
    parameters: str = "object"
    greets_with_protocol: bool = False
    media_before_start: bool = False
    frame_ms: int = 20
    strict_chunks: bool = True
    clear_returns_marks: bool = False
    mulaw: bool = False
    buffer_seconds: float = 60.0
    stream_limit: float = 3600.0
    throttle_limit: int = 100
    url_seconds: float = 5.0
    misleading_to: str | None = "09513886363"
    server_code: bool = True
    stream_in: str = "brackets"
    digits: str = ""
    nests_passthru: bool = False
    passthru_after_hangup: bool = True
    strict_flow_ids: bool = False
    retries: tuple[float, ...] = (300.0, 900.0)
    tells_all_always: bool = False
    flow_events: bool = False
    recording_url: str = "callback"
    recording_delay: float = 60.0
    details_delay: float = 120.0
    presigned: bool = False
    refuses: int | None = None
    concurrency: int | None = None
    rejected_is: str = "busy"
