"""Checks of documents: read back by another parser than the one that wrote them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import pytest

from linecard.carrier import Answer
from linecard.errors import (
    InvalidField,
    LinecardError,
    RequestRefused,
    UnsupportedByProvider,
)
from linecard.testing.bench import Bench
from linecard.testing.case import Case
from linecard.testing.commands import requests_of
from linecard.testing.readers import READERS, Document
from linecard.testing.samples import WANTS
from linecard.testing.speaking import (
    ADDRESSES,
    DIFFERENCES,
    HOSTILE_TEXTS,
    OF_LEGS,
    SECOND_TARGET,
    SIP_TARGET,
    SOUND,
    TARGET,
    VERBS,
    example,
)
from linecard.verbs import (
    Conference,
    Dial,
    Gather,
    Hangup,
    Pause,
    Play,
    Reason,
    Redirect,
    Reject,
    Say,
    Stream,
    Verb,
)
from linecard.webhook import Kind

PLAIN = "hello there"
FINE = 200
REASONS = (Reason.ANSWER, Reason.TRANSFER, Reason.NEXT)
STRANGE_ADDRESSES = (
    "https://voice.example.com/plain",
    "https://voice.example.com/a/b?a=1&b=2&c=%3Cx%3E&d=%26&e=a+b&f=%20",
    "https://voice.example.com/x?quote='&semi=a;b&tilde=~&star=*!()@:,",
    "https://voice.example.com:8443/prefix/x?empty=&=name&twice=1&twice=2",
    "https://voice.example.com/x?lt=&lt;&amp;=&#38;",
)


@dataclass(frozen=True, slots=True)
class Xyzzy(Verb):
    """A verb of tomorrow, which no provider knows."""


class Documents(Case):
    """Verbs as the carrier's document, or as commands of its API."""

    # --- nothing is left out ---

    @pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.__name__)
    def test_a_verb_is_written_or_refused(self, verb: type[Verb]) -> None:
        alone = _written(self.bench, example(self.bench, verb))
        twice = _said(self.bench, example(self.bench, verb), example(self.bench, verb))
        assert alone.shape, f"{verb.__name__} alone says nothing"
        assert twice is None or len(twice.shape) >= len(alone.shape)

    @pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.__name__)
    def test_a_verb_after_another_is_not_left_out(self, verb: type[Verb]) -> None:
        if verb.__name__ in self.bench.case.forgets:
            pytest.skip(f"the test forgets {verb.__name__}")
        _written(self.bench, example(self.bench, verb))
        before = Say(text=PLAIN)
        first = _said(self.bench, before)
        if first is None:
            pytest.skip("the carrier does not speak")
        both = _said(self.bench, before, example(self.bench, verb))
        assert both is None or both != first, f"{verb.__name__} after a Say is left out"

    @pytest.mark.parametrize("field", list(DIFFERENCES))
    def test_a_field_is_not_left_out(self, field: str) -> None:
        if field in self.bench.case.forgets:
            pytest.skip(f"the test forgets {field}")
        kind, name, one, other = DIFFERENCES[field]
        first = _written(self.bench, example(self.bench, kind, **{name: one}))
        second = _said(self.bench, example(self.bench, kind, **{name: other}))
        assert second != first, f"{field}={one!r} and {other!r} give the same document"

    def test_a_verb_that_nobody_knows_is_refused(self) -> None:
        with pytest.raises(UnsupportedByProvider):
            _ask(self.bench, Xyzzy())

    def test_a_verb_that_nobody_knows_is_refused_behind_others(self) -> None:
        with pytest.raises(UnsupportedByProvider):
            _ask(self.bench, example(self.bench, Stream), Xyzzy())

    def test_each_profile_is_asked_for(self) -> None:
        if "Stream.profile" in self.bench.case.forgets:
            pytest.skip("the test forgets Stream.profile")
        profiles = [one for one in self.bench.profiles() if not one.at_dial]
        if len(profiles) < 2:
            pytest.skip("there is one stream profile")
        documents = [
            _written(self.bench, example(self.bench, Stream, profile=one)) for one in profiles
        ]
        assert len(set(documents)) == len(profiles), "two stream profiles give the same document"

    def test_verbs_keep_their_order(self) -> None:
        said = _written(self.bench, Say(text="first"), Pause(seconds=2), Say(text="last"))
        assert said.texts.index("first") < said.texts.index("last")

    def test_prompts_stand_inside_of_what_gathers(self) -> None:
        prompts = (Say(text="press one"), Play(url=SOUND))
        said = _written(self.bench, example(self.bench, Gather, prompts=prompts))
        assert said.holds("press one")
        assert said.holds_address(SOUND)

    # --- a stream and its tail ---

    def test_a_stream_goes_out_with_its_tail(self) -> None:
        stream, tail = example(self.bench, Stream), example(self.bench, Redirect)
        said = _written(self.bench, stream, tail)
        assert isinstance(stream, Stream)
        assert isinstance(tail, Redirect)
        assert said.holds_address(stream.url), f"the stream's address is not in {said.texts}"
        if "Redirect.url" not in self.bench.case.forgets:
            assert said.holds_address(tail.url), f"the tail's address is not in {said.texts}"

    @pytest.mark.parametrize("reason", list(Reason))
    def test_every_reason_gives_a_document(self, reason: Reason) -> None:
        self.bench.needs("answer")
        verbs = [example(self.bench, Stream), example(self.bench, Redirect)]
        try:
            assert isinstance(_ask(self.bench, *verbs, reason=reason), Answer)
        except UnsupportedByProvider as missing:
            asking = [kind for kind, wanted in WANTS.items() if wanted is reason]
            wanting = [kind for kind in asking if _waits(self.bench, kind)]
            assert not wanting, f"{missing}, and requests to {wanting} wait for it"
            pytest.skip(str(missing))

    # A transfer may ask for nothing but whom to ring: then both are nobody, and more is asked later.
    @pytest.mark.parametrize("reason", [one for one in Reason if one is not Reason.TRANSFER])
    def test_an_end_is_another_document_than_a_stream(self, reason: Reason) -> None:
        stream, tail = example(self.bench, Stream), example(self.bench, Redirect)
        goes_on = _said_to(self.bench, reason, stream, tail)
        ends = _said_to(self.bench, reason, Hangup())
        if goes_on is None or ends is None:
            pytest.skip(f"{self.bench.known_as()} has no such document for {reason}")
        assert goes_on != ends, f"for {reason} both are {ends}"

    def test_the_same_verbs_give_the_same_bytes(self) -> None:
        verbs = (example(self.bench, Stream), example(self.bench, Redirect))
        first, second = _ask(self.bench, *verbs), _ask(self.bench, *verbs)
        assert first.reply == second.reply, "a repeat of the answer is another answer"
        assert [one.name for one in first.effects] == [one.name for one in second.effects]

    def test_a_document_is_announced_as_what_it_is(self) -> None:
        kind = self.bench.case.documents
        if kind is None:
            pytest.skip("the test names no kind of document")
        reply = _ask(self.bench, example(self.bench, Stream), example(self.bench, Redirect)).reply
        assert reply.status == 200, reply.status
        assert kind in reply.content_type, reply.content_type

    @pytest.mark.parametrize("verb", [Hangup, Reject], ids=lambda verb: verb.__name__)
    def test_a_call_that_is_not_ours_can_be_ended(self, verb: type[Verb]) -> None:
        self.bench.needs("answer")
        try:
            made = self.bench.make().answer(None, [verb()], Reason.ANSWER)
        except UnsupportedByProvider as missing:
            pytest.skip(str(missing))
        assert isinstance(made, Answer)

    def test_no_verbs_at_all_are_no_fault(self) -> None:
        try:
            assert isinstance(_ask(self.bench), Answer)
        except LinecardError as refused:
            assert str(refused).strip()

    # --- hostile texts ---

    @pytest.mark.parametrize("text", list(HOSTILE_TEXTS))
    def test_a_spoken_text_comes_back_and_changes_nothing_else(self, text: str) -> None:
        plain = _written(self.bench, Say(text=PLAIN))
        said = _said(self.bench, Say(text=HOSTILE_TEXTS[text]))
        if said is None:
            pytest.skip("the text is refused")
        assert said.shape == plain.shape, f"the text made {said.shape} of {plain.shape}"
        assert said.holds(HOSTILE_TEXTS[text]), f"{HOSTILE_TEXTS[text]!r} became {said.texts}"

    def test_a_rooms_name_changes_nothing_else(self) -> None:
        plain = _written(self.bench, example(self.bench, Conference))
        for text in HOSTILE_TEXTS.values():
            said = _said(self.bench, example(self.bench, Conference, room=text[:64]))
            assert said is None or said.shape == plain.shape, f"{text!r} made {said.shape}"

    @pytest.mark.parametrize("name", ["language", "voice"])
    def test_how_a_text_is_spoken_changes_nothing_else(self, name: str) -> None:
        plain = _written(self.bench, Say(text=PLAIN))
        for text in HOSTILE_TEXTS.values():
            said = _said(self.bench, Say(text=PLAIN, **{name: text[:40]}))
            tags = {one.partition("[")[0] for one in plain.shape}
            assert said is None or {one.partition("[")[0] for one in said.shape} <= tags

    # --- addresses and numbers ---

    @pytest.mark.parametrize(
        ("kind", "name"), ADDRESSES, ids=[f"{kind.__name__}.{name}" for kind, name in ADDRESSES]
    )
    def test_an_address_goes_out_byte_for_byte(self, kind: type[Verb], name: str) -> None:
        if f"{kind.__name__}.{name}" in self.bench.case.forgets:
            pytest.skip(f"the test forgets {kind.__name__}.{name}")
        holds = Document.holds_leg_address if _is_of_leg(kind, name) else Document.holds_address
        written = []
        for url in STRANGE_ADDRESSES:
            if name == "url" and kind is Stream:
                url = "wss" + url.removeprefix("https")
            said = _said(self.bench, example(self.bench, kind, **{name: url}))
            written += [said] if said else []
            assert said is None or holds(said, url), f"{url} is not in {said.texts}"
        if not written:
            pytest.skip(f"{self.bench.known_as()} takes none of the addresses")

    def test_what_is_no_address_is_refused_and_never_mended(self) -> None:
        for url in ("https://voice.example.com/a b", "https://voice.example.com/\u00fc"):
            try:
                said = _said(self.bench, Play(url=url))
            except (InvalidField, ValueError):
                continue
            assert said is None or said.holds_address(url), f"{url!r} became {said.texts}"

    def test_every_target_is_dialled(self) -> None:
        targets = (TARGET, SECOND_TARGET)
        cleared = tuple(self.bench.cleared(one) for one in targets)
        said = _written(self.bench, example(self.bench, Dial, targets=cleared))
        for target in targets:
            assert said.holds_number(target), f"{target} is not in {said.texts}"

    def test_a_sip_address_is_dialled_as_it_is(self) -> None:
        dial = example(self.bench, Dial, targets=(self.bench.cleared(SIP_TARGET),))
        assert _written(self.bench, dial).holds_number(SIP_TARGET)

    def test_our_number_is_shown_to_the_target(self) -> None:
        if "Dial.caller_id" in self.bench.case.forgets:
            pytest.skip("the test forgets Dial.caller_id")
        assert _written(self.bench, example(self.bench, Dial)).holds_number(self.bench.case.ours)

    def test_only_a_cleared_number_is_dialled(self) -> None:
        _written(self.bench, example(self.bench, Dial))
        raw: Any = ("+19005550100",)
        said = None
        with suppress(TypeError, AttributeError, ValueError, LinecardError):
            said = _said(self.bench, example(self.bench, Dial, targets=raw))
        assert said is None or not said.holds_number("+19005550100"), (
            "a number that no gate has cleared was dialled"
        )


def _waits(bench: Bench, kind: Kind) -> bool:
    """Whether any sample, at an address of this kind, would wait for a document."""
    bench.needs("parse_callback")
    for sample in bench.samples().values():
        with suppress(RequestRefused):
            if bench.parse(bench.request(replace(sample, kind=kind))).wants is not None:
                return True
    return False


def _is_of_leg(kind: type[Verb], name: str) -> bool:
    return kind is Dial and name in OF_LEGS


def _ask(bench: Bench, *verbs: Verb, reason: Reason = Reason.ANSWER) -> Answer:
    bench.needs("answer")
    answer: Answer = bench.answer(*verbs, reason=reason)
    return answer


def _written(bench: Bench, *verbs: Verb) -> Document:
    """What the document says; the check is skipped where the carrier cannot say it."""
    said = _said(bench, *verbs)
    if said is None:
        pytest.skip(f"{bench.known_as()} does not say {_names(verbs)}")
    return said


def _said(bench: Bench, *verbs: Verb) -> Document | None:
    """What the document and the commands beside it say; None where the provider refuses.

    A carrier whose documents differ by what asks for them is asked for the first that can say it.
    """
    documents = (_said_to(bench, reason, *verbs) for reason in REASONS)
    return next((one for one in documents if one is not None), None)


def _said_to(bench: Bench, reason: Reason, *verbs: Verb) -> Document | None:
    if bench.case.documents is None:
        pytest.skip("the test names no kind of document")
    try:
        answer = _ask(bench, *verbs, reason=reason)
        commands = requests_of(bench, answer, verbs, reason)
    except (UnsupportedByProvider, InvalidField):
        return None
    body, status = answer.reply.body, answer.reply.status
    document = READERS[bench.case.documents](body) if body.strip() else Document()
    plain = Document() if status == FINE else Document((str(status),), ("status",))
    return plain + document + commands


def _names(verbs: Sequence[Verb]) -> str:
    return " and ".join(type(verb).__name__ for verb in verbs) or "nothing"
