"""Plivo XML, read back by another parser than the one that wrote it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from linecard import (
    Cleared,
    Dial,
    Gather,
    Hangup,
    InvalidField,
    Pause,
    Play,
    Record,
    Redirect,
    Reject,
    Ring,
    Say,
    Stream,
    UnsupportedByProvider,
    Verb,
)
from linecard.outbound.gate import Gate
from linecard_plivo.documents import write
from linecard_plivo.facts import PROFILES, profile
from linecard_plivo.options import PlivoOptions
from linecard_plivo.voices import PLAIN, POLLY, pick_voice

DOCUMENT_RULES = "#ct=2000&rt=4000&rc=2&rp=ct,rt,5xx"
CALLBACK_RULES = "#rc=5&rp=ct,rt,5xx"
URL = "https://voice.example.com/plivo/dial-up?a=main&c=1&k=next&t=x"
SOCKET = "wss://voice.example.com/ws/plivo/token?x=1&y=2"


def cleared(address: str) -> Cleared:
    gate = Gate(countries=frozenset({"US", "IN"}), transfer_allow=("sip:*@cc.example.com", "+*"))
    return gate.clear_target(address, ())


def tree(*verbs: Verb, options: PlivoOptions | None = None) -> Any:
    reply = write(verbs, options or PlivoOptions())
    assert (reply.status, reply.content_type) == (200, "application/xml")
    root = etree.fromstring(reply.body)
    assert root.tag == "Response"
    return root


def one(verb: Verb, options: PlivoOptions | None = None) -> Any:
    (element,) = tree(verb, options=options)
    return element


def stream(name: str = "l16-8000", **options: object) -> Stream:
    return Stream(url=SOCKET, status_url=URL, profile=profile(name), options=options)


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("l16-8000", "audio/x-l16;rate=8000"),
        ("l16-16000", "audio/x-l16;rate=16000"),
        ("pcmu-8000", "audio/x-mulaw;rate=8000"),
    ],
)
def test_a_stream(name: str, content_type: str) -> None:
    element = one(stream(name))
    assert element.tag == "Stream"
    assert element.text == SOCKET
    assert dict(element.attrib) == {
        "bidirectional": "true",
        "keepCallAlive": "true",
        "streamTimeout": "86400",
        "contentType": content_type,
        "statusCallbackUrl": URL,
        "statusCallbackMethod": "POST",
    }


def test_every_profile_has_a_content_type() -> None:
    assert [p.name for p in PROFILES] == ["l16-8000", "l16-16000", "pcmu-8000"]
    for each in PROFILES:
        assert "contentType" in one(stream(each.name)).attrib


def test_noise_cancellation_is_asked_for_by_the_numbers_options() -> None:
    plain = one(stream(noise_cancellation=True))
    assert plain.get("noiseCancellation") == "true"
    assert plain.get("noiseCancellationLevel") is None
    strong = one(stream(noise_cancellation=True, noise_cancellation_level=95))
    assert strong.get("noiseCancellationLevel") == "95"
    off = one(stream(noise_cancellation_level=95))
    assert "noiseCancellation" not in off.attrib
    assert "noiseCancellationLevel" not in off.attrib


def test_a_stream_is_followed_by_its_tail() -> None:
    first, tail = tree(stream(), Redirect(url=URL))
    assert (first.tag, tail.tag, tail.get("method")) == ("Stream", "Redirect", "POST")
    assert tail.text == URL + DOCUMENT_RULES


def test_a_recording_of_the_whole_call() -> None:
    element = one(Record(callback_url=URL, max_seconds=1860))
    assert element.tag == "Record"
    assert dict(element.attrib) == {
        "recordSession": "true",
        "redirect": "false",
        "playBeep": "false",
        "maxLength": "1860",
        "fileFormat": "wav",
        "recordChannelType": "stereo",
        "callbackUrl": URL + CALLBACK_RULES,
        "callbackMethod": "POST",
    }
    mp3 = one(Record(callback_url=URL, max_seconds=60), PlivoOptions(recording_format="mp3"))
    assert mp3.get("fileFormat") == "mp3"
    mono = one(Record(callback_url=URL, max_seconds=60), PlivoOptions(recording_channels="mono"))
    assert mono.get("recordChannelType") == "mono"


def dial(**more: Any) -> Dial:
    return Dial(
        targets=(cleared("+14155550123"), cleared("sip:desk@cc.example.com")),
        caller_id="+14155550199",
        ring_seconds=25,
        max_seconds=1800,
        action_url=URL,
        callback_url=URL,
        **more,
    )


def test_a_dial_rings_numbers_and_sip_addresses() -> None:
    element = one(dial())
    assert dict(element.attrib) == {
        "action": URL + DOCUMENT_RULES,
        "method": "POST",
        "redirect": "true",
        "callbackUrl": URL + CALLBACK_RULES,
        "callbackMethod": "POST",
        "callerId": "14155550199",
        "timeout": "25",
        "timeLimit": "1800",
    }
    assert [(child.tag, child.text) for child in element] == [
        ("Number", "14155550123"),
        ("User", "sip:desk@cc.example.com"),
    ]


def test_a_dial_with_whisper_and_accept_key() -> None:
    element = one(dial(whisper_url=URL, accept_key="1"))
    assert element.get("confirmSound") == URL + DOCUMENT_RULES
    assert element.get("confirmKey") == "1"


def test_a_gather_with_prompts() -> None:
    verb = Gather(
        action_url=URL, prompts=(Say(text="one or two"), Play(url=URL)), digits=2, finish_on=""
    )
    element = one(verb)
    assert dict(element.attrib) == {
        "action": URL + DOCUMENT_RULES,
        "method": "POST",
        "redirect": "true",
        "timeout": "5",
        "numDigits": "2",
        "retries": "1",
        "finishOnKey": "none",
        "validDigits": "0123456789*#",
    }
    assert [child.tag for child in element] == ["Speak", "Play"]


@pytest.mark.parametrize(
    ("verb", "tag", "attributes", "text"),
    [
        (Hangup(), "Hangup", {}, None),
        (Reject(), "Hangup", {"reason": "rejected"}, None),
        (Reject(busy=True), "Hangup", {"reason": "busy"}, None),
        (Pause(seconds=5), "Wait", {"length": "5"}, None),
        (Play(url=URL, loop=0), "Play", {"loop": "0"}, URL),
        (Say(text="a < b & c"), "Speak", {"voice": "WOMAN", "language": "en-US"}, "a < b & c"),
        (Redirect(url=URL), "Redirect", {"method": "POST"}, URL + DOCUMENT_RULES),
    ],
)
def test_plain_verbs(verb: Verb, tag: str, attributes: dict[str, str], text: str | None) -> None:
    element = one(verb)
    assert (element.tag, dict(element.attrib), element.text) == (tag, attributes, text)


def test_a_verb_without_an_element_is_refused() -> None:
    with pytest.raises(UnsupportedByProvider, match="plivo does not support the verb ring"):
        write([Hangup(), Ring(seconds=5)], PlivoOptions())


@pytest.mark.parametrize(
    ("language", "voice", "picked"),
    [
        ("en-US", None, "WOMAN"),
        ("en-US", "MAN", "MAN"),
        ("pt-PT", None, "MAN"),
        ("hi-IN", None, "Polly.Aditi"),
        ("hi-IN", "Polly.Kajal", "Polly.Kajal"),
        ("en-GB", "Polly.Amy", "Polly.Amy"),
    ],
)
def test_voices(language: str, voice: str | None, picked: str) -> None:
    element = one(Say(text="x", language=language, voice=voice))
    assert (element.get("voice"), element.get("language")) == (picked, language)


@pytest.mark.parametrize(
    ("language", "voice"), [("hi-IN", "WOMAN"), ("da-DK", "MAN"), ("en-US", "Bob")]
)
def test_a_voice_that_does_not_speak_the_language_is_refused(language: str, voice: str) -> None:
    with pytest.raises(InvalidField, match="voice"):
        pick_voice(language, voice)


def test_a_language_without_a_voice_is_refused() -> None:
    with pytest.raises(UnsupportedByProvider, match="say in xx-XX"):
        pick_voice("xx-XX", None)
    assert not set(PLAIN) & set(POLLY)


def test_a_document_over_100_kb_is_refused() -> None:
    with pytest.raises(InvalidField, match="102,400"):
        write([Say(text="x" * 100 * 1024)], PlivoOptions())
    write([Say(text="x" * 100 * 1000)], PlivoOptions())


@pytest.mark.parametrize("url", ["", "wss://h/a b", "wss://h/\n", "wss://h/é", "wss://h/\x00"])
def test_an_address_is_never_mended(url: str) -> None:
    with pytest.raises(InvalidField, match="url"):
        write([Play(url=url)], PlivoOptions())
    verb = Stream(url=url, status_url=URL, profile=PROFILES[0])
    with pytest.raises(InvalidField, match="url"):
        write([verb], PlivoOptions())


def test_rules_are_added_once() -> None:
    assert one(Redirect(url=URL + "#rc=0")).text == URL + "#rc=0"


def spoken(text: str) -> str:
    """What XML 1.0 can hold of a text (its section 2.2, production Char), line ends as in 2.11."""
    unified = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(
        character
        for character in unified
        if character in "\t\n"
        or " " <= character <= "\ud7ff"
        or "\ue000" <= character <= "\ufffd"
        or character >= "\U00010000"
    )


@given(st.text(st.characters(codec=None)))
def test_any_text_comes_back_as_it_was_and_makes_no_element(text: str) -> None:
    element = one(Say(text=text))
    assert (element.text or "") == spoken(text)
    assert len(element) == 0


@given(st.text(st.characters(codec=None), min_size=1))
def test_any_attribute_comes_back_as_it_was(text: str) -> None:
    element = one(Gather(action_url=URL, valid=text))
    assert element.get("validDigits") == spoken(text)
    assert len(element.attrib) == 8


@pytest.mark.parametrize(
    "text", ["</Speak><Dial>1</Dial>", "]]>", "<!--", "<?x?>", "&lt;Dial/&gt;"]
)
def test_markup_in_a_text_is_text(text: str) -> None:
    root = tree(Say(text=text), Hangup())
    assert [child.tag for child in root] == ["Speak", "Hangup"]
    assert root[0].text == text
