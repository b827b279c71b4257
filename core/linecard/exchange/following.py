"""What is done after an event has been applied and told, by the kind of event."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from linecard.events import CallRinging, CarrierEvent, LegAnswered, LegEnded, RecordingReady
from linecard.exchange import consulting, endings, recording_jobs
from linecard.exchange.context import Follow
from linecard.exchange.stream_addresses import place_of_audio

FOLLOWERS: Mapping[type[CarrierEvent], tuple[Follow, ...]] = MappingProxyType(
    {
        CallRinging: (place_of_audio,),
        LegAnswered: (consulting.target_answered, recording_jobs.wake),
        LegEnded: (consulting.leg_gone, endings.target_gone),
        RecordingReady: (recording_jobs.wake,),
    }
)
