"""The strict reader of Plivo XML."""

from __future__ import annotations

import pytest

from linecard_plivo.simulator.reader import InvalidXml, read_document

STREAM = "<Response><Stream {}>wss://h.example/ws?a=1&amp;b=2</Stream></Response>"


def test_a_stream_with_its_defaults() -> None:
    (stream,) = read_document(STREAM.format('bidirectional="true"').encode())
    assert stream.text == "wss://h.example/ws?a=1&b=2"
    assert stream["bidirectional"] is True
    assert stream["keepCallAlive"] is False
    assert stream["streamTimeout"] == 86400


def test_text_is_stripped_and_comments_are_passed_over() -> None:
    body = b"<Response><!-- x --><Redirect>\n  http://h/\n</Redirect></Response>"
    (redirect,) = read_document(body)
    assert redirect.text == "http://h/"


def test_children_and_unknown_attributes_are_kept() -> None:
    (dial,) = read_document(b'<Response><Dial x="1"><Number>1415</Number></Dial></Response>')
    assert dial.unknown == ("x",)
    assert [child.text for child in dial.children] == ["1415"]


def test_speech_markup_is_read_as_text() -> None:
    body = b'<Response><Speak voice="Polly.Aditi" language="hi-IN">a<break/>b</Speak></Response>'
    (speak,) = read_document(body)
    assert speak.text == "ab"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"  ", "empty"),
        (b"<Reply/>", "not <Response>"),
        (b"<Response><Say>x</Say></Response>", "<Say> may not"),
        (b"<Response><Number>1</Number></Response>", "<Number> may not"),
        (b"<Response><Dial/></Response>", "nobody"),
        (b"<Response><Play/></Response>", "<Play> is empty"),
        (b'<Response><Dial timeout="-1"><Number>1</Number></Dial></Response>', "timeout"),
        (b'<Response><Redirect method="PUT">http://h</Redirect></Response>', "method"),
        (STREAM.format('streamTimeout="0"').encode(), "streamTimeout"),
        (STREAM.format('contentType="audio/x-mulaw;rate=16000"').encode(), "contentType"),
        (STREAM.format('noiseCancellationLevel="59"').encode(), "noiseCancellationLevel"),
        (STREAM.format('extraHeaders="a-b=c"').encode(), "extraHeaders"),
        (STREAM.format(f'extraHeaders="a={"x" * 600}"').encode(), "512"),
        (b"<Response><Stream>https://h/</Stream></Response>", "ws or wss"),
        (b"<Response><Stream>wss://h/" + b"x" * 2048 + b"</Stream></Response>", "2048"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><Response>&b;</Response>', "document type"),
        (b"<Response>", "not well-formed"),
    ],
)
def test_what_plivo_would_not_run(body: bytes, reason: str) -> None:
    with pytest.raises(InvalidXml, match=reason):
        read_document(body)
