"""Where Plivo's pages disagree, or say nothing: one switch each, set to the likelier reading."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True, kw_only=True)
class Quirks:
    """How this Plivo behaves. Times are seconds of the carrier's clock.

    `tail_runs`: the elements after a Stream run once it has ended (their CLI guide); false: the call
    ends with 4010 (their FAQ). `delete_while_ringing`: status of DELETE Call before the answer, 404
    or 204. `cdr_delay`: how long a call's detail is 404 after its end. `stream_words`: `StartStream`
    or `started` in stream status callbacks. `extra_headers`: `semicolons`, `commas`, `json`,
    `braces` or `absent`. `record_refusals`: how often Record is 404 although the call was answered.
    `concurrency`: calls at once before Make Call is 403; None: no limit.
    """

    tail_runs: bool = True
    delete_while_ringing: int = 404
    cdr_delay: float = 2.0
    recording_delay: float = 1.0
    record_refusals: int = 0
    transfer_ends_recordings: bool = False
    foreign_caller_id: bool = False
    stream_words: str = "StartStream"
    extra_headers: str = "semicolons"
    chunk_is_text: bool = False
    sends_stop: bool = False
    names_account_in_start: bool = True
    buffer_seconds: float = 40.0
    detection_seconds: float = 2.0
    calls_per_second: int = 2
    concurrency: int | None = None
    time_zone: str = "Asia/Kolkata"
