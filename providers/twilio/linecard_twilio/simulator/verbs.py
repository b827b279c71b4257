"""Which function runs which verb."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from linecard_twilio.simulator.dialling import run_dial
from linecard_twilio.simulator.gathering import run_gather
from linecard_twilio.simulator.messagetaking import run_record
from linecard_twilio.simulator.prompts import run_pause, run_play, run_say
from linecard_twilio.simulator.steering import (
    run_hangup,
    run_redirect,
    run_reject,
    run_start,
    run_stop,
)
from linecard_twilio.simulator.streaming import run_connect
from linecard_twilio.simulator.switch import Runner

RUNNERS: Mapping[str, Runner] = MappingProxyType(
    {
        "Connect": run_connect,
        "Start": run_start,
        "Stop": run_stop,
        "Dial": run_dial,
        "Gather": run_gather,
        "Record": run_record,
        "Say": run_say,
        "Play": run_play,
        "Pause": run_pause,
        "Hangup": run_hangup,
        "Reject": run_reject,
        "Redirect": run_redirect,
    }
)
