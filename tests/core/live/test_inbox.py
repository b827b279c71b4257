from __future__ import annotations

import pytest

from linecard import AudioReceived, CallEnded, DigitPressed, MarkReached
from linecard.live.inbox import MOST_AUDIO, Gathering, Inbox


async def test_events_come_in_their_order() -> None:
    inbox = Inbox()
    inbox.audio(b"1")
    inbox.digit("5")
    inbox.audio(b"2")
    inbox.mark("here")
    inbox.put(CallEnded("over"))
    inbox.audio(b"late")
    seen = [await inbox.next() for _ in range(5)]
    assert seen == [
        AudioReceived(b"1"),
        DigitPressed("5"),
        AudioReceived(b"2"),
        MarkReached("here"),
        CallEnded("over"),
    ]
    assert await inbox.next() is None


async def test_the_oldest_audio_is_dropped_and_nothing_else() -> None:
    inbox = Inbox()
    for number in range(1000):
        inbox.audio(bytes((number % 256,)))
        inbox.digit(str(number % 10))
    inbox.put(CallEnded("over"))
    events = []
    while (event := await inbox.next()) is not None:
        events.append(event)
    audio = [event for event in events if isinstance(event, AudioReceived)]
    assert len(audio) == MOST_AUDIO
    assert audio[-1].pcm == bytes((999 % 256,))
    assert inbox.dropped_audio == 1000 - MOST_AUDIO
    assert sum(isinstance(event, DigitPressed) for event in events) == 1000


async def test_callbacks_hear_at_once_and_audio_is_not_queued() -> None:
    inbox = Inbox()
    heard: list[object] = []
    inbox.on_audio = inbox.on_digit = inbox.on_mark = heard.append
    inbox.audio(b"1")
    inbox.digit("5")
    inbox.mark("here")
    assert heard == [b"1", "5", "here"]
    assert await inbox.next() == DigitPressed("5")
    assert await inbox.next() == MarkReached("here")


async def test_whoever_judges_by_the_sound_hears_it_as_it_came() -> None:
    inbox = Inbox()
    beside: list[bytes] = []
    inbox.ears.append(beside.append)
    inbox.audio(b"clean", b"noisy")
    inbox.audio(b"plain")
    assert beside == [b"noisy", b"plain"]
    assert await inbox.next() == AudioReceived(b"clean", b"noisy")
    assert await inbox.next() == AudioReceived(b"plain", None)
    heard: list[bytes] = []
    inbox.on_audio = heard.append
    inbox.audio(b"clean", b"noisy")
    assert heard == [b"clean"]


@pytest.mark.parametrize("error", [ValueError("broken"), SystemExit(3)])
def test_a_callback_that_raises_is_called_no_more(error: BaseException) -> None:
    inbox, calls = Inbox(), []

    def broken(pcm: bytes) -> None:
        calls.append(pcm)
        raise error

    inbox.on_audio = broken
    inbox.audio(b"1")
    inbox.audio(b"2")
    assert calls == [b"1"]
    assert inbox.failure is error


@pytest.mark.parametrize(
    ("digits", "finish_on", "pressed", "keys", "is_done"),
    [
        (4, "#", "12", "12", False),
        (4, "#", "12345", "1234", True),
        (4, "#", "12#3", "12", True),
        (1, "", "#", "#", True),
        (3, "*#", "*", "", True),
        (0, "#", "1", "", True),
    ],
)
def test_keys_are_gathered(
    digits: int, finish_on: str, pressed: str, keys: str, is_done: bool
) -> None:
    gathering = Gathering(digits, finish_on)
    for key in pressed:
        gathering.press(key)
    assert (gathering.keys, gathering.is_done) == (keys, is_done)
