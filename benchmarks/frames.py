"""What a 20 ms frame costs, in and out, in microseconds: `python -m benchmarks.frames` prints JSON.

`codec`: the carrier's text to the agent's PCM, and the agent's PCM to the carrier's text. `path`: all
that a frame of a live echo call goes through between its socket's read and write. `bare`: the same work
as `codec` by calls of C alone, one behind the other, with nothing checked: what Python can do at best.
"""

from __future__ import annotations

import json
import time
from binascii import b2a_base64
from collections.abc import Callable, Mapping
from functools import partial

import msgspec

from benchmarks.messages import ACCOUNT, CARRIERS, FRAMES, RATES, media, pcm, start
from linecard import MediaReceived, StreamProfile, StreamProtocol
from linecard.clock import Clock
from linecard.media.codec import Codec
from linecard.media.listener import Nobody
from linecard.media.session import StreamSession
from linecard_exotel.facts import VOICEBOT
from linecard_exotel.stream import ExotelStream
from linecard_plivo.facts import profile as plivo_profile
from linecard_plivo.stream import PlivoStream
from linecard_twilio.facts import PROFILES
from linecard_twilio.stream import TwilioStream

ROUNDS = 7
FRAME_SECONDS = 0.02
PROFILE: Mapping[str, StreamProfile] = {
    "plivo": plivo_profile("pcmu-8000"),
    "twilio": PROFILES[0],
    "exotel": VOICEBOT,
}
MAKE: Mapping[str, Callable[[StreamProfile], StreamProtocol]] = {
    "plivo": PlivoStream,
    "twilio": lambda profile: TwilioStream(profile, ACCOUNT),
    "exotel": lambda profile: ExotelStream(profile, ACCOUNT),
}


class StepClock(Clock):
    """A clock that moves a frame on with each one."""

    def __init__(self) -> None:
        super().__init__()
        self.moment = 0.0

    def now(self) -> float:
        """The moment of the frame."""
        return self.moment


class Echo(Nobody):
    """The shortest agent."""

    def __init__(self, session: StreamSession) -> None:
        self._session = session

    def on_audio(self, pcm: bytes) -> None:
        """Back it goes."""
        self._session.queue(pcm)


def main() -> None:
    """Measure every carrier at every rate of an agent; the least of some rounds."""
    found = {
        f"{carrier}-{rate}": {
            "codec": _best(partial(_codec, carrier, rate)),
            "path": _best(partial(_path, carrier, rate)),
            "bare": _best(partial(_bare, carrier, rate)),
        }
        for carrier in CARRIERS
        for rate in RATES
    }
    print(json.dumps(found))


def _best(run: Callable[[], float]) -> float:
    return round(min(run() for _ in range(ROUNDS)) / FRAMES * 1e6, 3)


def _started(carrier: str) -> StreamProtocol:
    protocol = MAKE[carrier](PROFILE[carrier])
    protocol.receive(start(carrier))
    return protocol


def _codec(carrier: str, rate: int) -> float:
    protocol, codec = _started(carrier), Codec(PROFILE[carrier].format, rate)
    messages, spoken = media(carrier), [pcm(rate, number) for number in range(FRAMES)]
    began = time.process_time()
    for message, sound in zip(messages, spoken, strict=True):
        for event in protocol.receive(message):
            if isinstance(event, MediaReceived):
                codec.decode(event.payload)
        protocol.play(codec.encode(sound))
    return time.process_time() - began


class _Sound(msgspec.Struct):
    payload: bytes


class _Message(msgspec.Struct):
    media: _Sound


def _bare(carrier: str, rate: int) -> float:
    codec, decode = Codec(PROFILE[carrier].format, rate), msgspec.json.Decoder(_Message).decode
    messages, spoken = media(carrier), [pcm(rate, number) for number in range(FRAMES)]
    began = time.process_time()
    for message, sound in zip(messages, spoken, strict=True):
        codec.decode(decode(message).media.payload)
        _ = '{"media":"' + b2a_base64(codec.encode(sound), newline=False).decode("ascii") + '"}'
    return time.process_time() - began


def _path(carrier: str, rate: int) -> float:
    clock, sent = StepClock(), list[str | bytes]()
    session = StreamSession(
        profile=PROFILE[carrier],
        protocol=_started(carrier),
        codec=Codec(PROFILE[carrier].format, rate),
        send=sent.append,
        shut=lambda _reason: None,
        clock=clock,
    )
    session.listen(Echo(session))
    messages = media(carrier)
    began = time.process_time()
    for message in messages:
        clock.moment += FRAME_SECONDS
        session.receive(message)
    spent = time.process_time() - began
    assert sent
    return spent


if __name__ == "__main__":
    main()
