"""Faults in documents and on the media socket."""

from __future__ import annotations

import json
import time
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar
from urllib.parse import quote
from xml.etree.ElementTree import Element

from linecard import (
    Answer,
    DigitReceived,
    MediaReceived,
    MessageDropped,
    Reply,
    StreamEvent,
    StreamStarted,
    Verb,
    hookimpl,
)
from tests.conformance.faulty.registry import caught_by
from tests.conformance.tin import Tin, TinStream


@caught_by("a_spoken_text_comes_back_and_changes_nothing_else")
class WritesByString(Tin):
    @hookimpl
    def answer(self, call: Any, verbs: Any, reason: Any) -> Answer:
        said = "".join(f"<say>{getattr(verb, 'text', '')}</say>" for verb in verbs)
        return Answer(Reply(body=f"<Tin>{said}</Tin>".encode(), content_type="application/xml"))


@caught_by("a_spoken_text_comes_back_and_changes_nothing_else")
class SpeaksAsciiOnly(Tin):
    def write_say(self, parent: Element, verb: Any) -> None:
        super().write_say(parent, replace(verb, text=verb.text.encode("ascii", "ignore").decode()))


@caught_by("a_verb_that_nobody_knows_is_refused")
class LeavesOutWhatItDoesNotKnow(Tin):
    def write(self, parent: Element, verb: Verb) -> None:
        if hasattr(self, f"write_{type(verb).__name__.lower()}"):
            super().write(parent, verb)


@caught_by("a_stream_goes_out_with_its_tail")
class ForgetsTheTail(Tin):
    @hookimpl
    def answer(self, call: Any, verbs: Any, reason: Any) -> Answer:
        return super().answer(call, verbs[:1], reason)


@caught_by("an_address_goes_out_byte_for_byte")
class QuotesAddresses(Tin):
    def write_redirect(self, parent: Element, verb: Any) -> None:
        super().write_redirect(parent, replace(verb, url=quote(verb.url, safe=":/?&=")))


@caught_by("an_address_goes_out_byte_for_byte")
class ForgetsTheStatusAddress(Tin):
    def write_stream(self, parent: Element, verb: Any) -> None:
        self.add(parent, "stream", verb.url)


@caught_by("what_is_no_address_is_refused_and_never_mended")
class MendsAddresses(Tin):
    def write_play(self, parent: Element, verb: Any) -> None:
        super().write_play(parent, replace(verb, url=verb.url.replace(" ", "%20")))


@caught_by("only_a_cleared_number_is_dialled")
class DialsAnything(Tin):
    def write_dial(self, parent: Element, verb: Any) -> None:
        dial = self.add(parent, "dial")
        for target in verb.targets:
            self.add(dial, "to", getattr(target, "address", target))


@caught_by("every_target_is_dialled")
class DialsTheFirstTarget(Tin):
    def write_dial(self, parent: Element, verb: Any) -> None:
        super().write_dial(parent, replace(verb, targets=verb.targets[:1]))


@caught_by("a_sip_address_is_dialled_as_it_is")
class DialsDigitsOnly(Tin):
    def write_dial(self, parent: Element, verb: Any) -> None:
        dial = self.add(parent, "dial")
        for target in verb.targets:
            self.add(dial, "to", "".join(one for one in target.address if one.isdigit()))


@caught_by("a_field_is_not_left_out")
class DialsWithoutALimit(Tin):
    def write_dial(self, parent: Element, verb: Any) -> None:
        super().write_dial(parent, replace(verb, max_seconds=14_400))


@caught_by("a_field_is_not_left_out")
class NeverBusy(Tin):
    def write_reject(self, parent: Element, verb: Any) -> None:
        self.add(parent, "hangup")


@caught_by("verbs_keep_their_order")
class SpeaksBackwards(Tin):
    @hookimpl
    def answer(self, call: Any, verbs: Any, reason: Any) -> Answer:
        return super().answer(call, tuple(reversed(verbs)), reason)


@caught_by("the_same_verbs_give_the_same_bytes")
class StampsDocuments(Tin):
    @hookimpl
    def answer(self, call: Any, verbs: Any, reason: Any) -> Answer:
        made = super().answer(call, verbs, reason)
        stamp = f"<!-- {time.perf_counter_ns()} -->".encode()
        return replace(made, reply=replace(made.reply, body=made.reply.body + stamp))


@caught_by("a_document_is_announced_as_what_it_is")
class AnnouncesText(Tin):
    @hookimpl
    def answer(self, call: Any, verbs: Any, reason: Any) -> Answer:
        made = super().answer(call, verbs, reason)
        return Answer(replace(made.reply, content_type="text/plain"))


def streaming(faulty: type[TinStream]) -> Any:
    """A provider whose streams are these."""
    return type(faulty.__name__, (Tin,), {"stream": faulty})


def stream_caught_by(check: str) -> Any:
    """Put the provider of faulty streams on the list."""

    def add(faulty: type[TinStream]) -> type[TinStream]:
        caught_by(check)(streaming(faulty))
        return faulty

    return add


@stream_caught_by("a_broken_message_is_dropped")
class RaisesOnNull(TinStream):
    def receive(self, message: str | bytes) -> Sequence[StreamEvent]:
        json.loads(message)["event"]
        return super().receive(message)


@stream_caught_by("a_broken_message_is_dropped")
class DropsInSilence(TinStream):
    def receive(self, message: str | bytes) -> Sequence[StreamEvent]:
        return [one for one in super().receive(message) if not isinstance(one, MessageDropped)]


@stream_caught_by("damaged_messages_raise_nothing")
class AudioOfAnyKind(TinStream):
    def receive(self, message: str | bytes) -> Sequence[StreamEvent]:
        events = super().receive(message)
        if isinstance(message, str) and '"audio": 0' in message:
            raise ValueError("no audio")
        return events


@stream_caught_by("another_streams_messages_are_dropped")
class AnyStreamWillDo(TinStream):
    def receive(self, message: str | bytes) -> Sequence[StreamEvent]:
        if self.id and isinstance(message, str):
            message = message.replace("stream-2", self.id)
        return super().receive(message)


@stream_caught_by("messages_before_the_start_are_dropped")
class StartsByItself(TinStream):
    def __init__(self) -> None:
        super().__init__()
        self.id = "stream-1"

    def on_start(self, said: Any) -> StreamEvent:
        return StreamStarted(said["stream"], {"tin": said["call"]}, "PCMU", 8000)


@stream_caught_by("two_streams_share_nothing")
class SharesItsMarks(TinStream):
    all_waiting: ClassVar[list[str]] = []
    all_cancelled: ClassVar[list[str]] = []

    def __init__(self) -> None:
        super().__init__()
        self.waiting, self.cancelled = self.all_waiting, self.all_cancelled

    def clear(self) -> str | None:
        self.cancelled += self.waiting
        return self.write(event="clear")


@stream_caught_by("a_mark_is_not_heard_after_a_clear")
class HearsStaleMarks(TinStream):
    def clear(self) -> str | None:
        return self.write(event="clear")


@stream_caught_by("a_mark_asked_for_after_a_clear_is_heard")
class DeafAfterAClear(TinStream):
    def mark(self, name: str) -> str | None:
        asked = super().mark(name)
        self.cancelled += [name] if self.cancelled else []
        return asked


@stream_caught_by("a_mark_is_written_and_its_name_comes_back")
class ShortensNames(TinStream):
    def mark(self, name: str) -> str | None:
        return super().mark(name[:20])


@stream_caught_by("audio_is_written_so_that_it_can_be_read_back")
class WritesAnotherBase64(TinStream):
    def play(self, audio: bytes) -> str:
        return self.write(event="media", audio=urlsafe_b64encode(audio).decode())


@stream_caught_by("the_largest_chunk_can_be_written")
class TakesLess(TinStream):
    def play(self, audio: bytes) -> str:
        return super().play(audio[:4000])


@stream_caught_by("audio_arrives_as_it_was_sent")
class LosesASample(TinStream):
    def on_media(self, said: Any) -> StreamEvent:
        event = super().on_media(said)
        return MediaReceived(event.payload[:-1]) if isinstance(event, MediaReceived) else event


@stream_caught_by("what_is_no_key_is_dropped")
class TakesAnyKey(TinStream):
    def on_key(self, said: Any) -> StreamEvent:
        return DigitReceived(said["key"])


@stream_caught_by("a_second_start_changes_nothing")
class StartsAgain(TinStream):
    def on_start(self, said: Any) -> StreamEvent:
        self.id = ""
        return super().on_start(said)


@stream_caught_by("an_empty_frame_is_no_audio")
class PassesOnNothing(TinStream):
    def on_media(self, said: Any) -> StreamEvent:
        return MediaReceived(b64decode(said["audio"]))
