"""Live lines: who hears whom, in the same frame."""

from __future__ import annotations

import asyncio

from linecard.clock import Clock
from linecard.simulator.handset import Handset
from linecard.simulator.lines import Bridge, Line, Lines, Prompt, Room
from linecard.simulator.phone import Phone
from linecard.simulator.script import HangUp, Press, Speak, Step
from linecard.simulator.sound import SILENCE
from linecard.tasks import Tasks

ONE, TWO, THREE = (bytes([value, 0]) * 160 for value in (1, 2, 4))


def line(*script: Step) -> Line:
    return Line(Handset("+1", Phone(script=script)), lambda: None)


def lines(*live: Line) -> Lines:
    tasks = Tasks()
    quiet = Lines(Clock(), tasks)
    for one in live:
        quiet._live[one] = None
    return quiet


class Ear:
    def __init__(self) -> None:
        self.taken: list[tuple[bytes, bytes]] = []

    def take(self, said: bytes, heard: bytes) -> None:
        self.taken.append((said, heard))


def test_two_legs_hear_each_other_in_the_same_frame() -> None:
    near, far = line(Speak(ONE)), line(Speak(TWO))
    near.add(Bridge(far))
    far.add(Bridge(near))
    lines(near, far).tick()
    assert bytes(near.handset.heard) == TWO
    assert bytes(far.handset.heard) == ONE


def test_a_room_mixes_all_others_and_leaves_out_who_is_muted() -> None:
    room = Room("r")
    members = [line(Speak(sound)) for sound in (ONE, TWO, THREE)]
    for member, is_muted in zip(members, (False, False, True), strict=True):
        member.add(room.seat(member))
        room.join(member, is_muted=is_muted)
    outside = line(Speak(ONE))
    outside.add(room.seat(outside))
    lines(*members, outside).tick()
    assert bytes(members[0].handset.heard) == TWO
    assert bytes(members[2].handset.heard) == b"\x03\x00" * 160
    assert bytes(outside.handset.heard) == SILENCE


def test_taps_get_both_sides() -> None:
    near, ear = line(Speak(ONE)), Ear()
    near.add(Prompt(TWO))
    near.taps.append(ear)
    lines(near).tick()
    near.untap(ear)
    lines(near).tick()
    assert ear.taken == [(ONE, TWO)]


def test_a_prompt_tells_when_it_was_heard() -> None:
    ended: list[bool] = []
    prompt = Prompt(ONE + TWO, 2, lambda: ended.append(True))
    assert [prompt.frame() for _ in range(4)] == [ONE, TWO, ONE, TWO]
    assert not ended
    assert prompt.frame() == prompt.frame() == SILENCE
    assert ended == [True]


def test_an_endless_prompt_goes_on() -> None:
    prompt = Prompt(ONE, 0)
    assert [prompt.frame() for _ in range(5)] == [ONE] * 5


def test_an_empty_prompt_is_over_at_once() -> None:
    ended: list[bool] = []
    assert Prompt(b"", 1, lambda: ended.append(True)).frame() == SILENCE
    assert ended


def test_digits_and_hang_ups_are_told() -> None:
    told: list[str] = []
    near = Line(
        Handset("+1", Phone(script=(Press("5", 0.02), HangUp()))), lambda: told.append("over")
    )
    near.digit_listeners.append(told.append)
    live = lines(near)
    live.tick()
    live.tick()
    assert told == ["5", "over"]


async def test_the_loop_runs_while_there_are_lines() -> None:
    tasks = Tasks()
    live = Lines(Clock(50), tasks)
    done = asyncio.Event()

    def hang_up() -> None:
        live.close(first)
        done.set()

    first = Line(Handset("+1", Phone(script=(Speak(ONE * 25),), hangs_up=True)), hang_up)
    live.open(first)
    await asyncio.wait_for(done.wait(), 5)
    assert bytes(first.handset.said).startswith(ONE * 25)
    assert len(live) == 0
    second = Line(Handset("+1", Phone(script=(Speak(ONE),))), lambda: None)
    live.open(second)
    while not second.handset.said:
        await asyncio.sleep(0)
    await tasks.close(0)
    assert tasks.failures == 0
