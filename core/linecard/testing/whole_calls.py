"""Checks of whole calls: the provider, a server, and the simulated carrier, over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest

from linecard.plugins import Plugins
from linecard.plugins.discovery import ProviderPlugin
from linecard.simulator.ledger import What
from linecard.simulator.phone import BUSY, NO_ANSWER, Phone
from linecard.simulator.script import Speak, Wait
from linecard.simulator.speech import speech
from linecard.testing.bench import Bench
from linecard.testing.case import Case
from linecard.testing.telephone import Telephone, names, telephone

TALK = speech("hello there, can you hear me")
TALKER = Phone(script=(Wait(2.0), Speak(TALK), Wait(4.0)), hangs_up=True)
STAYS = Phone(script=(Wait(300),))
ALIKE = 0.9
"""How alike what was said and what came back must be, of 1; codecs and concealed gaps cost a little."""
PIECE = 800
"""Samples of sound that are looked for at a time."""
FAULTLESS = 300

Story = Callable[[Bench, Telephone], Awaitable[None]]


class WholeCalls(Case):
    """Whole calls over the provider's own simulated carrier."""

    def test_a_call_goes_out_is_answered_and_ends(self) -> None:
        _play(self.bench, _goes_out, "place_call")

    def test_the_caller_hears_an_echo(self) -> None:
        _play(self.bench, _echoes, "place_call")

    def test_a_call_comes_in_is_answered_and_ends(self) -> None:
        _play(self.bench, _comes_in)

    @pytest.mark.parametrize(
        ("phone", "ends"), [(BUSY, ("busy",)), (NO_ANSWER, ("no-answer",))], ids=["busy", "nobody"]
    )
    def test_a_call_that_nobody_takes_says_why(self, phone: Phone, ends: tuple[str, ...]) -> None:
        async def story(bench: Bench, world: Telephone) -> None:
            call = await _placed(bench, world, phone, ring_seconds=10)
            assert call["status"] in ends, f"{call['status']} ({call['end_reason']})"
            assert call["duration"] in (0, None)

        _play(self.bench, story, "place_call")

    def test_a_hang_up_of_ours_ends_the_carriers_leg(self) -> None:
        _play(self.bench, _hung_up, "place_call")

    def test_callbacks_that_come_twice_change_nothing(self) -> None:
        _play(self.bench, _told_twice, "place_call")

    def test_callbacks_in_another_order_change_nothing(self) -> None:
        _play(self.bench, _told_in_disorder, "place_call")

    @pytest.mark.parametrize("fault", ["error_after", "drop_answer", "malformed_answer"])
    def test_a_dial_whose_answer_is_lost_is_dialled_once(self, fault: str) -> None:
        async def story(bench: Bench, world: Telephone) -> None:
            await _register(bench, world)
            world.carrier.phones[bench.case.customer] = TALKER
            setattr(world.carrier.faults, fault, 1.0)
            placed = await world.dial(bench.case.customer, **_from(bench))
            setattr(world.carrier.faults, fault, 0.0)
            await world.until(placed["id"], lambda call: call["status"] != "dialing")
            await world.eventually(lambda: world.carrier.ledger.live_legs() == ())
            assert world.carrier.ledger.dials(bench.case.customer) == 1

        _play(self.bench, story, "place_call")

    def test_broken_messages_on_the_socket_end_no_call(self) -> None:
        _play(self.bench, _broken_messages, "place_call")


async def _goes_out(bench: Bench, world: Telephone) -> None:
    call = await _placed(bench, world, TALKER)
    assert call["status"] == "completed", f"{call['status']} ({call['end_reason']})"
    assert call["carrier_ids"], "the call has no id of the carrier"
    assert call["answered_at"] <= call["ended_at"]
    assert names(call).count("stream-started") == 1, names(call)


async def _echoes(bench: Bench, world: Telephone) -> None:
    await _placed(bench, world, TALKER)
    (handset,) = world.carrier.phones.handsets(bench.case.customer)
    heard, found = bytes(handset.heard), 0
    pieces = [TALK[at : at + 2 * PIECE] for at in range(0, len(TALK) - 2 * PIECE, 2 * PIECE)]
    loud = [piece for piece in pieces if np.abs(_samples(piece)).mean() > FAULTLESS]
    found = sum(_is_in(piece, heard) for piece in loud)
    assert found == len(loud), f"{found} of {len(loud)} pieces of what was said came back"


async def _comes_in(bench: Bench, world: Telephone) -> None:
    await _register(bench, world)
    await world.carrier.call_in(bench.case.customer, bench.case.ours, TALKER)
    call = await world.ended((await world.only_call())["id"])
    assert call["status"] == "completed", f"{call['status']} ({call['end_reason']})"
    parties = (call["direction"], call["from"], call["to"])
    assert parties == ("inbound", bench.case.customer, bench.case.ours), parties


async def _hung_up(bench: Bench, world: Telephone) -> None:
    await _register(bench, world)
    world.carrier.phones[bench.case.customer] = STAYS
    placed = await world.dial(bench.case.customer, **_from(bench))
    await world.until(placed["id"], lambda call: "stream-started" in names(call))
    answer = await world.api.post(f"/api/calls/{placed['id']}/hangup")
    assert answer.status_code == 202, answer.text
    assert (await world.ended(placed["id"]))["status"] == "completed"


async def _told_twice(bench: Bench, world: Telephone) -> None:
    world.carrier.faults.callback_twice = 1.0
    await _goes_out(bench, world)


async def _told_in_disorder(bench: Bench, world: Telephone) -> None:
    world.carrier.faults.callback_shuffle = 1.0
    call = await _placed(bench, world, TALKER)
    assert call["status"] == "completed", f"{call['status']} ({call['end_reason']})"


async def _broken_messages(bench: Bench, world: Telephone) -> None:
    world.carrier.faults.socket_garbage = 0.2
    world.carrier.faults.socket_wrong_id = 0.2
    call = await _placed(bench, world, TALKER)
    assert call["status"] == "completed", f"{call['status']} ({call['end_reason']})"
    assert names(call).count("stream-started") == 1, names(call)


async def _placed(bench: Bench, world: Telephone, phone: Phone, **changes: Any) -> dict[str, Any]:
    """A call that went out to this phone, once it is over."""
    await _register(bench, world)
    world.carrier.phones[bench.case.customer] = phone
    placed = await world.dial(bench.case.customer, **_from(bench), **changes)
    call = await world.ended(placed["id"])
    assert world.carrier.ledger.dials(bench.case.customer) == 1, "the number was dialled again"
    return call


async def _register(bench: Bench, world: Telephone) -> None:
    """Register our number, and do at the carrier what its set-up steps ask of a person."""
    options = dict(bench.case.options)
    await world.register(number=bench.case.ours, **({"options": options} if options else {}))
    shown = (await world.api.get(f"/api/numbers/{bench.case.ours}")).json()
    pasted = [step["paste"] for step in shown["setup"] if step["paste"]]
    world.carrier.set_up(bench.case.ours, pasted)


def _from(bench: Bench) -> dict[str, str]:
    return {"from": bench.case.ours}


def _play(bench: Bench, story: Story, *hooks: str) -> None:
    """Tell a story in a world of its own; whatever happens in it, no leg stays open and nothing is refused."""
    bench.needs("simulator", "open_stream", "answer", *hooks)
    name = bench.known_as()
    plugins = Plugins([ProviderPlugin(name, bench.provider, "under test", "0")])

    async def tell(folder: Path) -> None:
        async with telephone(folder, name, plugins=plugins) as world:
            await story(bench, world)
            await world.eventually(lambda: world.carrier.ledger.live_legs() == ())
            refused = world.carrier.ledger.all(What.STREAM_REFUSED)
            assert not refused, f"streams were refused: {refused}"

    with TemporaryDirectory() as folder:
        asyncio.run(tell(Path(folder)))


def _samples(pcm: bytes) -> Any:
    return np.frombuffer(pcm[: len(pcm) // 2 * 2], "<i2").astype(np.float64)


def _is_in(piece: bytes, heard: bytes) -> bool:
    """Whether a piece of sound stands somewhere in what was heard, by normalised correlation."""
    sought, all_of_it = _samples(piece), _samples(heard)
    if len(all_of_it) < len(sought):
        return False
    size = 1 << (len(all_of_it) + len(sought)).bit_length()
    spectrum = np.fft.rfft(all_of_it, size) * np.conj(np.fft.rfft(sought, size))
    products = np.fft.irfft(spectrum, size)[: len(all_of_it) - len(sought) + 1]
    energy = np.concatenate(([0.0], np.cumsum(all_of_it**2)))
    window = energy[len(sought) :] - energy[: -len(sought)]
    likeness = products / np.sqrt(np.maximum(window, 1.0) * (sought**2).sum())
    return bool(likeness.max() >= ALIKE)
