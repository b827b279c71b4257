"""What callers are told by a number's routing, word for word, on every carrier."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from linecard.exchange.diverting import NOBODY
from linecard.simulator.ledger import What
from linecard.simulator.phone import NO_ANSWER, Phone
from linecard.simulator.script import Press, Step, Wait, WaitForSilence, WaitForSound
from tests.calls.heard import OTHER, all_heard, install_espeak, record, said, told
from tests.calls.lines import CARRIERS, Line, line, routed
from tests.calls.telephone import names

WELCOME, MUSIC, ECHO = "Welcome.", "For music, press 2.", "For an echo, press 1."
WRONG, GOODBYE = "That is no choice.", "Goodbye."
CLOSED, MOMENT, AWAY = "We are closed.", "One moment.", "They are out."
ASKED = [WELCOME, ECHO, MUSIC]
RECORDED = (*ASKED, WRONG, GOODBYE, CLOSED, MOMENT, AWAY)
AUTOMATIC = ["For echo, press hash.", "For greeter, press 2.", "For assistance, press 0."]
ALL = (*RECORDED, *AUTOMATIC, NOBODY.say or "")
LISTENS = (WaitForSound(), WaitForSilence())
STAYS = Phone(script=(Wait(120),))
HUMAN = Phone(script=(Wait(3.0),), hangs_up=True)


@pytest.fixture(params=CARRIERS)
async def at(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Line]:
    record(tmp_path, *RECORDED)
    install_espeak(tmp_path, monkeypatch, *AUTOMATIC, NOBODY.say or "", voice="en-us")
    async with line(tmp_path, request.param, sounds=str(tmp_path)) as running:
        yield running


def menu(**more: Any) -> dict[str, Any]:
    entries = [
        {"key": "2", "agent": "greeter", "prompt": said(MUSIC), "priority": 2},
        {"key": "1", "agent": "echo", "prompt": said(ECHO), "priority": 1, "message": said(MOMENT)},
    ]
    words = {"greeting": said(WELCOME), "invalid": said(WRONG)}
    last = {"do": "hang-up", "message": said(GOODBYE)}
    rest = {"entries": entries, "seconds": 3, "tries": 2, "otherwise": last}
    return {"menu": words | rest | more}


def caller(*steps: Step) -> Phone:
    return Phone(script=steps, hangs_up=True)


def to_human(at: Line, **more: Any) -> dict[str, Any]:
    return {"do": "redirect", "to": at.human, "ring_seconds": 5, **more}


def rule(at: Line, action: dict[str, Any]) -> dict[str, Any]:
    return {"rules": [{"caller": at.customer, **action}]}


def no_agent_talked(call: dict[str, Any]) -> None:
    assert call["agent"] == ""
    assert call["ended_at"]


async def test_a_menu_is_told_by_priority_and_a_wrong_key_before_it_is_told_again(at: Line) -> None:
    await at.route(menu())
    call = await at.call_in(caller(*LISTENS, Press("9"), *LISTENS, Press("1"), *LISTENS, Wait(1.0)))
    assert all_heard(at, ALL) == [*ASKED, WRONG, *ASKED, MOMENT]
    assert call["agent"] == "echo"


async def test_wrong_keys_come_to_an_end_with_its_words(at: Line) -> None:
    await at.route(menu())
    call = await at.call_in(caller(*LISTENS, Press("9"), *LISTENS, Press("7"), Wait(60)))
    assert all_heard(at, ALL) == [*ASKED, WRONG, *ASKED, GOODBYE]
    assert routed(call)[-1]["reason"] == "a key that is not in the menu, asked 2 times"
    no_agent_talked(call)


async def test_no_key_comes_to_an_end_with_its_words(at: Line) -> None:
    await at.route(menu())
    call = await at.call_in(STAYS)
    assert all_heard(at, ALL) == [*ASKED, *ASKED, GOODBYE]
    assert routed(call)[-1]["reason"] == "no key, asked 2 times"
    no_agent_talked(call)


async def test_a_key_without_words_is_told_by_its_agent(at: Line) -> None:
    entries = [
        {"key": "2", "agent": "greeter"},
        {"key": "0", **to_human(at)},
        {"key": "#", "agent": "echo", "priority": -1},
    ]
    await at.route({"menu": {"entries": entries}})
    call = await at.call_in(caller(*LISTENS, Press("#"), Wait(3.0)))
    assert all_heard(at, ALL) == AUTOMATIC
    assert call["agent"] == "echo"


@pytest.mark.parametrize("do", ["refuse", "busy"])
async def test_who_is_turned_away_with_words_hears_them_and_the_end(at: Line, do: str) -> None:
    await at.route(rule(at, {"do": do, "message": said(CLOSED)}))
    call = await at.call_in(STAYS)
    assert all_heard(at, ALL) == [CLOSED]
    assert call["answered_at"]
    assert call["status"] == "completed"
    ledger = at.world.carrier.ledger
    assert (
        ledger.all(What.NOTE, ledger.calls()[-1]) == ()
    )  # nothing of the document was passed over
    no_agent_talked(call)


async def test_who_is_sent_on_hears_so_first(at: Line) -> None:
    at.world.carrier.phones[at.human] = HUMAN
    await at.route(rule(at, to_human(at, message=said(MOMENT))))
    call = await at.call_in(STAYS)
    assert told(at, ALL) == [MOMENT]
    assert len(at.world.carrier.ledger.all(What.BRIDGED)) == 1
    no_agent_talked(call)


async def test_who_is_blocked_may_be_sent_on(at: Line) -> None:
    at.world.carrier.phones[at.human] = HUMAN
    await at.route({"blocked": to_human(at, message=said(MOMENT))})
    await at.world.api.post("/api/blocklist", json={"caller": at.customer, "direction": "inbound"})
    call = await at.call_in(STAYS)
    (decision,) = routed(call)
    assert (decision["do"], decision["reason"]) == ("redirect", f"the blocklist has {at.customer}")
    assert told(at, ALL) == [MOMENT]
    assert len(at.world.carrier.ledger.all(What.BRIDGED)) == 1
    no_agent_talked(call)


@pytest.mark.parametrize("says_so_first", [True, False])
async def test_who_is_sent_to_nobody_hears_so(at: Line, says_so_first: bool) -> None:
    at.world.carrier.phones[at.human] = NO_ANSWER
    first = {"message": said(MOMENT)} if says_so_first else {}
    await at.route(rule(at, to_human(at, unanswered=said(AWAY), **first)))
    call = await at.call_in(STAYS)
    assert at.world.carrier.ledger.dials(at.human) == 1
    assert told(at, ALL) == [*([MOMENT] if says_so_first else []), AWAY]
    no_agent_talked(call)


async def test_who_is_sent_to_nobody_out_of_a_menu_hears_so(at: Line) -> None:
    at.world.carrier.phones[at.human] = NO_ANSWER
    entries = [{"key": "0", **to_human(at), "prompt": said(WELCOME)}]
    await at.route(menu(entries=entries, greeting=None))
    call = await at.call_in(caller(*LISTENS, Press("0"), Wait(120)))
    assert told(at, ALL) == [WELCOME, NOBODY.say]
    no_agent_talked(call)


@pytest.mark.parametrize("says_so_first", [True, False])
async def test_a_redirect_that_may_not_be_ends_in_the_same_words(
    at: Line, says_so_first: bool
) -> None:
    first = {"message": said(MOMENT)} if says_so_first else {}
    await at.route(rule(at, to_human(at, **first)))
    await at.world.api.post("/api/blocklist", json={"caller": at.human, "direction": "outbound"})
    call = await at.call_in(STAYS)
    assert "redirect-refused" in names(call)
    assert at.world.carrier.ledger.dials(at.human) == 0
    assert told(at, ALL) == [*([MOMENT] if says_so_first else []), NOBODY.say]
    assert OTHER not in all_heard(at, ALL)
    no_agent_talked(call)


async def test_an_exotel_flow_without_its_second_voicebot_ends_without_words(
    tmp_path: Path,
) -> None:
    record(tmp_path, *RECORDED)
    async with line(tmp_path, "exotel", sounds=str(tmp_path)) as at:
        at.world.carrier.phones[at.human] = NO_ANSWER
        shown = await at.world.register(
            number=at.ours,
            routing=rule(at, to_human(at, message=said(MOMENT), unanswered=said(AWAY))),
        )
        pasted = [step["paste"] for step in shown["setup"] if step["paste"]]
        without = [text for text in pasted if "k=return" not in text]
        assert len(without) < len(pasted)
        at.world.carrier.set_up(at.ours, without)
        call = await at.call_in(STAYS)
        assert told(at, ALL) == [MOMENT]
        no_agent_talked(call)
