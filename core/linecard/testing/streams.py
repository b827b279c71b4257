"""Checks of the media socket's messages, both ways."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pytest

from linecard.carrier import StreamProtocol
from linecard.events import (
    BufferCleared,
    DigitReceived,
    MarkPlayed,
    MediaReceived,
    MessageDropped,
    StreamEvent,
    StreamStarted,
    StreamStopped,
)
from linecard.media.chunks import chunk_size
from linecard.media.codec import corrected
from linecard.media.formats import StreamProfile
from linecard.testing.bench import Bench
from linecard.testing.case import Case
from linecard.testing.frames import BAD_FRAMES, damaged, noise
from linecard.testing.messages import filled, names_stream, read
from linecard.testing.samples import Fill, MediaSamples, Template, Written

KEYS = "0123456789*#"
NAMES = ("m1", "mark 2", 'quote " and \\', "\u00fcml\u00e4ut \u2603", "x" * 60)
NOISE = 2000
ONE, OTHER = "stream-1", "stream-2"


class Streams(Case):
    """What the carrier's messages mean, what the provider writes, and what must be survived."""

    # --- what comes in ---

    def test_the_start_is_read(self, media: MediaSamples) -> None:
        events = _fresh(self.bench, media).receive(filled(media.start, Fill(stream=ONE)))
        start = _only(events, StreamStarted)
        if names_stream(media.start):
            assert start.stream == ONE, f"the stream is {start.stream!r}"
        held = dict(start.carrier_ids)
        missing = {name: one for name, one in media.ids.items() if held.get(name) != one}
        assert not missing, f"the start's ids {held} lack {missing}"
        for name in ("encoding", "rate"):
            expected, said = getattr(media, name), getattr(start.inbound or start, name)
            assert expected is None or said == expected, f"the start's {name} is {said!r}"

    def test_the_codec_of_the_start_is_one_of_ours(self, media: MediaSamples) -> None:
        events = _fresh(self.bench, media).receive(filled(media.start, Fill(stream=ONE)))
        profile = self.bench.profile(media.profile)
        line = corrected(profile.format, _only(events, StreamStarted))
        assert line.inbound.encoding is profile.format.inbound.encoding

    def test_what_comes_before_the_start_is_no_start(self, media: MediaSamples) -> None:
        stream = _fresh(self.bench, media)
        for template in media.before:
            events = stream.receive(filled(template, Fill(stream=ONE)))
            assert not [one for one in events if isinstance(one, StreamStarted)], events

    def test_audio_arrives_as_it_was_sent(self, media: MediaSamples) -> None:
        frame = self.bench.profile(media.profile).format.inbound.frame_bytes
        for audio in (_sound(frame), bytes(frame), b"\xff" * frame, _sound(frame * 5)):
            stream = _started(self.bench, media)
            event = _only(_hear(stream, media.media, audio=audio), MediaReceived)
            assert event.payload == audio, "the audio is not what was sent"

    def test_each_key_is_heard(self, media: MediaSamples) -> None:
        template = _template(media, "dtmf")
        stream = _started(self.bench, media)
        for key in KEYS:
            assert _only(_hear(stream, template, digit=key), DigitReceived).digit == key

    @pytest.mark.parametrize("key", ["", "12", "x", " ", "\u0663", "1" * 10_000], ids=ascii)
    def test_what_is_no_key_is_dropped(self, media: MediaSamples, key: str) -> None:
        stream = _started(self.bench, media)
        digits = _of(_hear(stream, _template(media, "dtmf"), digit=key[:40]), DigitReceived)
        assert not [one for one in digits if one.digit not in KEYS + "ABCD" or not one.digit]

    def test_a_stop_ends_the_stream(self, media: MediaSamples) -> None:
        _only(_hear(_started(self.bench, media), _template(media, "stop")), StreamStopped)

    def test_every_event_is_one_of_linecards(self, media: MediaSamples) -> None:
        stream = _started(self.bench, media)
        for message in damaged(media):
            assert all(isinstance(event, StreamEvent) for event in stream.receive(message))

    # --- what goes out ---

    def test_audio_is_written_so_that_it_can_be_read_back(self, media: MediaSamples) -> None:
        profile = self.bench.profile(media.profile)
        stream = _started(self.bench, media)
        for audio in _chunks(profile):
            said = read(media, stream.play(audio), ONE)
            assert said == Written("play", audio), f"{said.what}, or other audio than was given"

    def test_the_largest_chunk_can_be_written(self, media: MediaSamples) -> None:
        largest = self.bench.profile(media.profile).chunk.largest
        said = read(media, _started(self.bench, media).play(_sound(largest)), ONE)
        assert said == Written("play", _sound(largest))

    def test_a_mark_is_written_and_its_name_comes_back(self, media: MediaSamples) -> None:
        template = _template(media, "mark")
        for name in NAMES:
            stream = _started(self.bench, media)
            asked = stream.mark(name)
            assert asked is not None, "the carrier reports marks, and none is asked for"
            written = read(media, asked, ONE)
            assert written.what == "mark", written
            assert isinstance(written.value, str)
            played = _only(_hear(stream, template, mark=written.value), MarkPlayed)
            assert played.name == name, f"asked for {name!r}, heard {played.name!r}"

    def test_a_clear_is_written(self, media: MediaSamples) -> None:
        asked = _started(self.bench, media).clear()
        if asked is None:
            assert "clear" not in media.writes, "clear writes nothing, and the samples have one"
            pytest.skip("the carrier has no clear")
        assert read(media, asked, ONE).what == "clear"

    def test_keys_are_written_where_the_socket_can(self, media: MediaSamples) -> None:
        asked = _started(self.bench, media).send_digits("12#")
        if asked is None:
            assert "digits" not in media.writes, "nothing is written, and the samples have it"
            pytest.skip("the socket cannot press keys")
        assert read(media, asked, ONE) == Written("digits", "12#")

    # --- marks and clear ---

    def test_a_mark_is_not_heard_after_a_clear(self, media: MediaSamples) -> None:
        template = _template(media, "mark")
        stream = _started(self.bench, media)
        if stream.mark("before") is None or stream.clear() is None:
            pytest.skip("the carrier has no marks, or no clear")
        heard = _of(_hear(stream, template, mark="before"), MarkPlayed)
        assert not heard, "a mark that our own clear threw away counts as heard"

    def test_a_mark_asked_for_after_a_clear_is_heard(self, media: MediaSamples) -> None:
        template = _template(media, "mark")
        stream = _started(self.bench, media)
        stream.mark("before")
        stream.clear()
        if stream.mark("after") is None:
            pytest.skip("the carrier has no marks")
        assert _only(_hear(stream, template, mark="after"), MarkPlayed).name == "after"

    def test_marks_are_heard_in_the_order_of_the_carrier(self, media: MediaSamples) -> None:
        template = _template(media, "mark")
        stream = _started(self.bench, media)
        for name in NAMES[:3]:
            stream.mark(name)
        for name in NAMES[:3]:
            assert _only(_hear(stream, template, mark=name), MarkPlayed).name == name

    # --- two streams ---

    def test_two_streams_share_nothing(self, media: MediaSamples) -> None:
        first, second = _started(self.bench, media, ONE), _started(self.bench, media, OTHER)
        assert first is not second, "open_stream gives the same object twice"
        audio = _sound(self.bench.profile(media.profile).chunk.smallest)
        assert read(media, first.play(audio), ONE).value == audio
        assert read(media, second.play(audio), OTHER).value == audio
        if media.mark is not None and first.mark("m") and second.mark("m"):
            first.clear()
            heard = _of(_hear(second, media.mark, OTHER, mark="m"), MarkPlayed)
            assert heard, "a clear on one stream cancelled a mark of another"

    def test_another_streams_messages_are_dropped(self, media: MediaSamples) -> None:
        kinds = [one for one in (media.media, media.dtmf, media.mark, media.stop) if one]
        named = [one for one in kinds if names_stream(one)]
        if not named:
            pytest.skip("the carrier's messages do not name their stream")
        for template in named:
            events = _hear(
                _started(self.bench, media), template, OTHER, audio=bytes(320), digit="1", mark="m"
            )
            used = [one for one in events if not isinstance(one, MessageDropped)]
            assert not used, f"another stream's message gave {used}"
            assert events, "another stream's message was dropped without a word"

    def test_a_second_start_changes_nothing(self, media: MediaSamples) -> None:
        stream = _started(self.bench, media)
        again = stream.receive(filled(media.start, Fill(stream=OTHER)))
        assert not _of(again, StreamStarted), "a stream started twice"
        frame = self.bench.profile(media.profile).format.inbound.frame_bytes
        assert _of(_hear(stream, media.media, ONE, audio=_sound(frame)), MediaReceived)

    def test_messages_before_the_start_are_dropped(self, media: MediaSamples) -> None:
        if not names_stream(media.media):
            pytest.skip("the carrier's messages do not name their stream")
        events = _hear(_fresh(self.bench, media), media.media, audio=bytes(320))
        assert not _of(events, MediaReceived), "audio is taken before the stream has a name"
        assert _of(events, MessageDropped), "it was dropped without a word"

    # --- what must be survived ---

    @pytest.mark.parametrize("bad", list(BAD_FRAMES))
    def test_a_broken_message_is_dropped(self, media: MediaSamples, bad: str) -> None:
        for stream in (_fresh(self.bench, media), _started(self.bench, media)):
            if isinstance(BAD_FRAMES[bad], bytes) and _is_binary(media):
                pytest.skip("the protocol has binary messages")
            events = stream.receive(BAD_FRAMES[bad])
            alive = [one for one in events if not isinstance(one, MessageDropped)]
            assert not alive, f"{bad} gave {alive}"
            assert events, f"{bad} was dropped without a word"

    def test_a_stream_goes_on_after_broken_messages(self, media: MediaSamples) -> None:
        stream = _started(self.bench, media)
        for message in BAD_FRAMES.values():
            stream.receive(message)
        frame = self.bench.profile(media.profile).format.inbound.frame_bytes
        heard = _only(_hear(stream, media.media, audio=_sound(frame)), MediaReceived)
        assert heard.payload == _sound(frame)

    def test_damaged_messages_raise_nothing(self, media: MediaSamples) -> None:
        _survive(self.bench, media, damaged(media))

    def test_noise_raises_nothing(self, media: MediaSamples) -> None:
        _survive(self.bench, media, noise(media, NOISE))

    def test_whatever_text_comes_raises_nothing(self, media: MediaSamples) -> None:
        hypothesis = pytest.importorskip("hypothesis", reason="hypothesis is not installed")
        texts = hypothesis.strategies.text() | hypothesis.strategies.binary()
        stream = _started(self.bench, media)

        def survives(message: str | bytes) -> None:
            stream.receive(message)

        given = hypothesis.given(texts)(survives)
        hypothesis.settings(deadline=None, database=None, max_examples=200)(given)()

    def test_audio_of_half_a_sample_is_not_passed_on(self, media: MediaSamples) -> None:
        size = self.bench.profile(media.profile).format.inbound.sample_bytes
        if size == 1:
            pytest.skip("a sample of this codec is one byte")
        events = _hear(_started(self.bench, media), media.media, audio=bytes(321))
        for one in _of(events, MediaReceived):
            assert len(one.payload) % size == 0, "half a sample shifts all that follow"

    def test_an_empty_frame_is_no_audio(self, media: MediaSamples) -> None:
        events = _hear(_started(self.bench, media), media.media, audio=b"")
        assert not [one for one in _of(events, MediaReceived) if not one.payload]


def _fresh(bench: Bench, media: MediaSamples) -> StreamProtocol:
    bench.needs("open_stream")
    stream: StreamProtocol = bench.make().open_stream(bench.profile(media.profile))
    return stream


def _started(bench: Bench, media: MediaSamples, name: str = ONE) -> StreamProtocol:
    stream = _fresh(bench, media)
    for template in (*media.before, media.start):
        stream.receive(filled(template, Fill(stream=name)))
    return stream


def _hear(
    stream: StreamProtocol, template: Template, name: str = ONE, **values: Any
) -> Sequence[StreamEvent]:
    return stream.receive(filled(template, Fill(stream=name, **values)))


def _template(media: MediaSamples, name: str) -> Template:
    template: Template | None = getattr(media, name)
    if template is None:
        pytest.skip(f"the samples have no `{name}`")
    return template


def _of(events: Iterable[StreamEvent], kind: type[Any]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def _only(events: Sequence[StreamEvent], kind: type[Any]) -> Any:
    found = _of(events, kind)
    assert len(found) == 1, f"expected one {kind.__name__}, got {list(events)}"
    others = [one for one in events if one not in found and not isinstance(one, BufferCleared)]
    assert not others, f"beside the {kind.__name__} came {others}"
    return found[0]


def _sound(size: int) -> bytes:
    """Bytes that are no silence and no period, `size` of them."""
    return bytes((index * 73 + (index >> 8) * 11 + 5) & 0xFF for index in range(size))


def _chunks(profile: StreamProfile) -> Iterator[bytes]:
    rule, usual = profile.chunk, chunk_size(profile, profile.format.outbound)
    for size in sorted({rule.smallest, usual, usual + rule.multiple, usual * 2}):
        if rule.smallest <= size <= rule.largest and size % rule.multiple == 0:
            yield _sound(size)
            yield b"\xff" * size


def _survive(bench: Bench, media: MediaSamples, messages: Iterable[str | bytes]) -> None:
    streams = (_fresh(bench, media), _started(bench, media))
    for message in messages:
        for stream in streams:
            assert isinstance(stream.receive(message), Sequence)


def _is_binary(media: MediaSamples) -> bool:
    return isinstance(filled(media.media, Fill(audio=bytes(320))), bytes)
