"""The rules, one by one: a few facts in, the sentence that they must lead to."""

from __future__ import annotations

import pytest
from tests.core.explaining.records import after, entry, line, record

from linecard.calls import CallStatus, Direction
from linecard.explaining import Explanation, Record, Topic, explain, explain_stranger, written
from linecard.explaining.words import clean, fill, span
from linecard.numbers import Number
from linecard.store.outbox import Job, JobState

ENDED = {"leg": "caller", "status": "completed"}
NUMBER = Number(id="n1", number="+14155550100", provider="acme", account="main", agent="support")


def text(of: Record | Explanation) -> str:
    told = explain(of) if isinstance(of, Record) else of
    return "\n".join([told.summary, *(one.text for one in told.sentences)])


def advice(of: Record) -> str:
    return "\n".join(explain(of).advice)


def test_who_called_whom_and_for_whom() -> None:
    said = text(record(more={"number": NUMBER}))
    assert "+1415***0123 called +1415***0100: the call came in on the number" in said
    assert "(acme, account main, profile usual)" in said
    assert "Its agent was support, the number's own." in said
    assert "a withheld number called" in text(record(from_=None))
    moved = Number(id="n", number="+14155550100", provider="other", account="b", agent="sales")
    said = text(record(more={"number": moved}))
    assert "not the number's own" in said
    assert "registered with other:b by now" in said


def test_how_long_it_rang_and_how_long_the_caller_waited_for_a_sound() -> None:
    started = line(2, "stream-started", profile="usual", format="PCMU/8000")
    ended = line(30, "stream-ended", reason="gone", first_audio_ms=500)
    said = text(record(line(0.2, "call-ringing"), started, ended))
    assert "It was answered 0.8 s after it began to ring." in said
    assert "The first sound of the agent went out 1.5 s after the answer." in said
    silent = line(30, "stream-ended", reason="gone")
    assert "Not one sound of an agent went out" in text(record(started, silent))


def test_the_first_sound_may_be_on_the_second_stream() -> None:
    lines = (
        line(2, "stream-started"),
        line(3, "stream-ended", reason="gone"),
        line(4, "stream-started"),
        line(9, "stream-ended", reason="gone", first_audio_ms=1000),
    )
    assert "went out 4.0 s after the answer" in text(record(*lines))


def test_a_corrected_codec_and_a_longer_lead_are_told() -> None:
    started = line(2, "stream-started", profile="usual", format="L16/8000", asked="PCMU/8000")
    said = text(record(started, line(5, "lead-raised", ms=800)))
    assert "PCMU/8000 had been asked for" in said
    assert "from here on 800 ms are sent ahead" in said


@pytest.mark.parametrize(
    ("reason", "says"),
    [
        ("the stream never opened", "the carrier could not reach wss://calls.example.com:"),
        ("agent_error", "The agent support failed: its traceback"),
    ],
)
def test_ends_that_somebody_can_mend(reason: str, says: str) -> None:
    assert says in advice(record(status=CallStatus.FAILED, end_reason=reason))


def test_the_carriers_code_is_advised_on_by_its_plugin() -> None:
    ended = line(35, "leg-ended", **ENDED, code="77")
    known = {"77": "Pay the bill; {public} is not to blame."}
    said = advice(record(ended, more={"advice": known}))
    assert "Code 77: Pay the bill; https://calls.example.com is not to blame." in said
    assert advice(record(ended, line(2, "stream-started"))) == ""


def test_a_call_without_a_stream_says_so_and_what_to_look_at() -> None:
    asked = line(4, "stream-asked-again")
    said = record(asked, asked, line(5, "apologised"), line(35, "leg-ended", **ENDED))
    assert "No audio stream ever opened, though the carrier was asked 3 times." in text(said)
    assert "Our own answer to the carrier ended it." in text(said)
    assert "could not reach wss://calls.example.com" in advice(said)
    quick = record(line(1.5, "leg-ended", **ENDED))
    assert "Where that is so in every call" in advice(quick)
    assert advice(record(line(1.5, "leg-ended", **ENDED), answered_at=None)) == ""


def test_who_ended_it_and_how_that_is_known() -> None:
    by_caller = line(35, "leg-ended", **ENDED, ended_by="caller")
    assert "It ended as completed by the caller" in text(record(by_caller))
    unsaid = line(35, "leg-ended", **ENDED)
    assert "Our side had not asked for the end" in text(record(unsaid))
    ours = record(unsaid, closing="completed", closing_at=after(34))
    assert "Our side had asked for the end: its agent was done." in text(ours)
    told = entry(35, "leg-ended", **ENDED)
    assert "The carrier reported the end by itself." in text(record(unsaid, inbox=(told,)))
    found = entry(35, "leg-ended", **ENDED, asked=True)
    assert "The end was found by asking the carrier" in text(record(unsaid, inbox=(found,)))
    gone = entry(35, "leg-ended", **ENDED, asked=True, key="gone:c1")
    assert "it had no such call any more" in text(record(unsaid, inbox=(gone,)))


def test_a_call_that_should_be_over_is_at_risk() -> None:
    going = record(
        status=CallStatus.IN_PROGRESS,
        ended_at=None,
        closing="hung up by API",
        closing_at=after(40),
        more={"at_risk_seconds": 130},
    )
    assert "Its end was asked for (it was hung up by the API) and is not confirmed." in text(going)
    assert "3 minutes at risk" in text(going)
    assert "end it there" in advice(going)


def test_what_is_odd_is_counted() -> None:
    lines = (
        line(0.5, "call-answered"),
        line(2, "call-ringing"),
        line(3, "stream-ended", reason="gone", dropped={"stale mark": 2, "broken": 1}),
        line(35, "leg-ended", **ENDED),
        line(36, "leg-ended", leg="caller", status="busy"),
        line(37, "call-answered"),
    )
    inbox = (
        entry(1, "call-answered"),
        entry(2, "call-ringing", unknown={"Colour": "green", "Shape": "round"}),
    )
    said = text(record(*lines, inbox=inbox, more={"repeats": {"call-answered": 2}}))
    assert "Told again by the carrier, and counted once: call-answered twice." in said
    assert "That it rings was told after the answer." in said
    assert "Told after the end, and changing nothing: call-answered once." in said
    assert "The end was told differently too (busy); what counts is completed." in said
    assert "2 fields that no table knows: Colour, Shape." in said
    assert "3 could not be used: stale mark twice, broken once." in said
    assert "green" not in said


def test_an_end_that_was_confirmed_late_is_told() -> None:
    late = record(closing="hung up by API", closing_at=after(10), ended_at=after(210))
    assert "confirmed only 3 min 20 s after it had been asked for" in text(late)


def test_work_that_waits_or_was_given_up_is_told() -> None:
    states: tuple[tuple[str, JobState], ...] = (
        ("hang-up", "dead"),
        ("fetch-recording", "waiting"),
        ("notify", "dead"),
    )
    jobs = tuple(
        Job(kind=kind, key=kind, due_at=after(0), attempts=3, state=state, error="no answer")
        for kind, state in states
    )
    said = text(record(more={"jobs": jobs, "told": {"dead": 1, "delivered": 4}}))
    assert "Ending the call at the carrier was tried 3 times and given up: no answer." in said
    assert "Fetching a recording was tried 3 times and waits: no answer." in said
    assert "Of its notifications: 1 dead, 4 delivered." in said
    assert "A notification" not in said


def test_what_was_refused_is_told_with_what_to_look_at() -> None:
    refused = line(1, "requests-refused", reason="the signature does not fit", times=4)
    said = record(refused)
    assert "Refused requests at addresses of this call: 4" in text(said)
    assert "LINECARD_PUBLIC_URL must be exactly" in advice(said)


def test_a_dial_that_the_carrier_cannot_do_points_to_what_each_can() -> None:
    failed = record(
        direction=Direction.OUTBOUND,
        status=CallStatus.FAILED,
        answered_at=None,
        end_reason="acme does not support place_call",
    )
    assert "'linecard providers' shows what each can do" in advice(failed)
    refused = record(status=CallStatus.FAILED, end_reason="refused by the carrier: no {money}")
    assert "the carrier refused the dial: no {money}" in explain(refused).summary


def test_no_number_no_digit_and_no_secret_is_shown() -> None:
    lines = (
        line(1, "routed", do="agent", reason="the key 7 of the menu", to="+14155550123"),
        line(2, "stream-fault", reason="wss://user:pass@x.example.com/ws/acme/Zm9vYmFy?t=abc gone"),
        line(3, "transfer-refused", reason="sip:anna.smith@cc.example.com and +14155550177"),
    )
    said = text(record(*lines, send_digits="4711", metadata={"card": "4111"}))
    for hidden in ("key 7", "pass", "Zm9vYmFy", "abc", "anna.smith", "0177 ", "4711", "4111"):
        assert hidden not in said
    assert "a key of the menu" in said
    assert "wss://x.example.com gone" in said


def test_sentences_stand_in_the_order_of_their_topics_and_times() -> None:
    told = explain(record(line(2, "stream-started"), line(0.1, "call-arrived")))
    topics = [list(Topic).index(one.topic) for one in told.sentences]
    assert topics == sorted(topics)
    page = list(written(told))
    assert page[0].startswith("+1415***0123 called +1415***0100")
    assert any(one.startswith("    +2.0 s  A stream opened") for one in page)
    assert all(len(one) <= 110 for one in page)


ASKED = {"direction": "inbound", "from_": "+14155550123", "to": "+14155550100"}


@pytest.mark.parametrize(
    ("number", "says"),
    [
        (None, "the number +1415***0100 is not registered"),
        (
            Number(id="n", number="+14155550100", provider="b", account="c", agent="a"),
            "registered with b:c",
        ),
        (
            Number(
                id="n",
                number="+14155550100",
                provider="acme",
                account="main",
                agent="a",
                enabled=False,
            ),
            "is switched off",
        ),
        (NUMBER, "LINECARD_MAX_LIVE_CALLS"),
    ],
)
def test_a_call_that_was_not_taken(number: Number | None, says: str) -> None:
    told = explain_stranger("CA1", [entry(0, "answer-requested", **ASKED)], number)
    assert told.call is None
    assert says in told.summary
    assert "+1415***0123 called +1415***0100, and was refused" in text(told)
    assert told.advice
    ended = explain_stranger("CA1", [entry(0, "leg-ended", status="completed")], None)
    assert "none of them asked for an answer" in ended.summary


def test_words() -> None:
    assert [span(one) for one in (0.04, 9.94, 34.4, 125, 12_000)] == [
        "0.0 s",
        "9.9 s",
        "34 s",
        "2 min 5 s",
        "3 h 20 min",
    ]
    assert fill("a[ {b}][ {c}] {d}", {"b": "{c}", "c": ""}) == "a {c} not said"
    assert clean("x" * 1000) == "x" * 299 + "…"
    assert clean("one\r\ntwo\x1b[0m") == "one two [0m"
