"""Where Twilio's pages disagree, or say nothing: one switch each, set to the likelier reading."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True, kw_only=True)
class Quirks:
    """How this Twilio behaves. Times are seconds of the carrier's clock.

    Documents: `tail_runs`: the verbs behind a Connect run once its socket is closed; false: the call
    ends. `connect_action_runs`: the Connect's `action` is fetched. `strict_schema`: a verb or a value
    that Twilio does not know fails the document (12200); false: it is passed over with a warning.
    Streams: `stream_query`: what becomes of the query of a stream's address, `dropped` or `refused`
    (31920). `signs_with_slash`: the handshake is signed over the address with a slash behind it.
    `shared_key`: name and secret of a key that signs in place of the auth token, with SHA-256.
    Calls: `create_seconds`: how long create's reply takes when the call is already on its way.
    `ring_slack`: what some routes add to a ring Timeout. `rating_delay`: how long after its
    end a call has no price. `foreign_caller_id`: any number may be shown as caller.
    Recordings: `shortest_recording`: what is shorter is `absent` (16101). `recording_delay`: from the
    end to the file and its callback; `media_delay`: how much longer the file is 404. `media_auth`: files need the account's credentials. `external_storage`:
    files are never at Twilio.
    `record_tells`: what the Call resource says of who answered, `kind`: "either human or machine" (its
    page); `word`: the callback's own word; `nothing`: it stays empty.
    API: `concurrency`: requests at once before 429. `barred_prefixes`: destinations without geo
    permission (21215).
    """

    tail_runs: bool = True
    connect_action_runs: bool = True
    strict_schema: bool = True
    stream_query: str = "dropped"
    signs_with_slash: bool = False
    shared_key: tuple[str, str] | None = None
    buffer_seconds: float = 3600.0
    create_seconds: float = 0.0
    ring_slack: float = 0.0
    calls_per_second: int = 1
    detection_seconds: float = 2.0
    beep_seconds: float = 4.0
    record_tells: str = "kind"
    rating_delay: float = 120.0
    foreign_caller_id: bool = False
    shortest_recording: float = 0.1
    recording_delay: float = 1.0
    media_delay: float = 0.0
    media_auth: bool = True
    external_storage: bool = False
    concurrency: int = 100
    barred_prefixes: tuple[str, ...] = ()
