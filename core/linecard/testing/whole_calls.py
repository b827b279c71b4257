"""Checks of whole calls: the provider, a server, and the simulated carrier, over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from linecard.carrier import RecordAt
from linecard.media.formats import StreamProfile
from linecard.plugins import Plugins
from linecard.plugins.discovery import ProviderPlugin
from linecard.simulator.ledger import Ledger, What
from linecard.simulator.phone import BUSY, NO_ANSWER, REJECTS, Phone
from linecard.simulator.script import Act, Ear, Speak, Wait, WaitForSilence, count
from linecard.simulator.speech import speech
from linecard.testing.bench import Bench
from linecard.testing.case import Case
from linecard.testing.hearing import pieces_heard
from linecard.testing.telephone import Telephone, names, set_up, telephone

TALK = speech("hello there, can you hear me")
STAYS = Phone(script=(Wait(300),))
RINGS = Phone(ring_seconds=8.0, script=(Wait(300),))
NOT_TAKEN = {
    "busy": (BUSY, ("busy",)),
    "nobody": (NO_ANSWER, ("no-answer",)),
    # Some carriers have no word of their own for it.
    "rejects": (REJECTS, ("rejected", "busy", "failed", "no-answer")),
}
SHORTEST_FILE = 4000
"""Bytes of a recording of the talk, in any format."""
PATIENCE = 60.0
"""Seconds that somebody waits for the stream before he speaks all the same."""

Story = Callable[[Bench, Telephone], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class WaitForStream:
    """Say nothing until the carrier has opened a stream, however long a busy machine takes."""

    ledger: Ledger

    def acts(self, ear: Ear) -> Iterator[Act]:
        """Silence."""
        for _ in range(count(PATIENCE)):
            if self.ledger.all(What.STREAM_OPENED):
                return
            yield Act()
        ear.gave_up.append(repr(self))


def talker(world: Telephone) -> Phone:
    """Somebody who speaks once there is a stream, listens until nothing more comes, and hangs up."""
    heard = (Wait(4.0), WaitForSilence(3.0))
    script = (WaitForStream(world.carrier.ledger), Wait(0.5), Speak(TALK), *heard)
    return Phone(script=script, hangs_up=True)


class WholeCalls(Case):
    """Whole calls over the provider's own simulated carrier."""

    def test_a_call_goes_out_is_answered_and_ends(self) -> None:
        _play(self.bench, _goes_out, "place_call")

    def test_the_caller_hears_an_echo(self, profile: StreamProfile) -> None:
        if "place_call" in profile.lacks:
            pytest.skip(f"{profile.name} carries no call that we dial")

        async def story(bench: Bench, world: Telephone) -> None:
            options = {**world.carrier.number_options(), **bench.case.options}
            await _register(bench, world, stream=profile.name, options=options)
            call = await _placed(bench, world, talker(world))
            (started,) = (one["facts"] for one in call["events"] if one["name"] == "stream-started")
            assert started["profile"] == profile.name
            _assert_echo(bench, world)

        _play(self.bench, story, "place_call")

    def test_a_call_comes_in_is_answered_and_ends(self) -> None:
        _play(self.bench, _comes_in)

    @pytest.mark.parametrize("why", list(NOT_TAKEN))
    def test_a_call_that_nobody_takes_says_why(self, why: str) -> None:
        phone, ends = NOT_TAKEN[why]

        async def story(bench: Bench, world: Telephone) -> None:
            await _register(bench, world)
            call = await _placed(bench, world, phone, ring_seconds=10)
            assert call["status"] in ends, f"{call['status']} ({call['end_reason']})"
            assert call["duration"] in (0, None)
            assert call["answered_at"] is None

        _play(self.bench, story, "place_call")

    def test_a_hang_up_of_ours_ends_the_carriers_leg(self) -> None:
        _play(self.bench, _hung_up, "place_call")

    def test_a_hang_up_of_ours_ends_a_call_that_rings(self) -> None:
        _play(self.bench, _hung_up_ringing, "place_call", "cancel_call", may_refuse=True)

    def test_a_call_that_goes_out_is_recorded_and_its_file_can_be_had(self) -> None:
        _play(self.bench, _recorded, "place_call", "fetch_recording")

    def test_a_call_that_comes_in_is_recorded_and_its_file_can_be_had(self) -> None:
        _play(self.bench, _recorded_inbound, "fetch_recording")

    def test_callbacks_that_come_twice_change_nothing(self) -> None:
        _play(self.bench, _told_twice, "place_call")

    def test_callbacks_in_another_order_change_nothing(self) -> None:
        _play(self.bench, _told_in_disorder, "place_call")

    @pytest.mark.parametrize("fault", ["error_after", "drop_answer", "malformed_answer"])
    def test_a_dial_whose_answer_is_lost_is_dialled_once(self, fault: str) -> None:
        async def story(bench: Bench, world: Telephone) -> None:
            await _register(bench, world)
            world.carrier.phones[bench.case.customer] = talker(world)
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
    await _register(bench, world)
    call = await _placed(bench, world, talker(world))
    assert call["status"] == "completed", f"{call['status']} ({call['end_reason']})"
    assert call["carrier_ids"], "the call has no id of the carrier"
    assert call["answered_at"] <= call["ended_at"]
    assert names(call).count("stream-started") == 1, names(call)


def _assert_echo(bench: Bench, world: Telephone) -> None:
    (handset,) = world.carrier.phones.handsets(bench.case.customer)
    found, of = pieces_heard(TALK, bytes(handset.heard))
    assert found == of > 0, f"{found} of {of} pieces of what was said came back"


async def _comes_in(bench: Bench, world: Telephone) -> None:
    await _register(bench, world)
    await world.carrier.call_in(bench.case.customer, bench.case.ours, talker(world))
    call = await world.ended((await world.only_call())["id"])
    assert call["status"] == "completed", f"{call['status']} ({call['end_reason']})"
    parties = (call["direction"], call["from"], call["to"])
    assert parties == ("inbound", bench.case.customer, bench.case.ours), parties
    _assert_echo(bench, world)


async def _hung_up(bench: Bench, world: Telephone) -> None:
    await _register(bench, world)
    world.carrier.phones[bench.case.customer] = STAYS
    placed = await world.dial(bench.case.customer, **_from(bench))
    await world.until(placed["id"], lambda call: "stream-started" in names(call))
    answer = await world.api.post(f"/api/calls/{placed['id']}/hangup")
    assert answer.status_code == 202, answer.text
    assert (await world.ended(placed["id"]))["status"] == "completed"


async def _hung_up_ringing(bench: Bench, world: Telephone) -> None:
    """Where the carrier cannot stop it, it is ended when it is answered, and until then nothing is promised."""
    await _register(bench, world)
    world.carrier.phones[bench.case.customer] = RINGS
    placed = await world.dial(bench.case.customer, **_from(bench), ring_seconds=30)
    await world.carrier.ledger.until(What.RINGING)
    answer = await world.api.post(f"/api/calls/{placed['id']}/hangup")
    assert answer.status_code == 202, answer.text
    call = await world.ended(placed["id"])
    assert "agent-started" not in names(call), names(call)
    if "hang-up-must-wait" not in names(call):
        assert not world.carrier.ledger.all(What.ANSWERED), "the phone was answered after all"
        assert call["answered_at"] is None


async def _recorded(bench: Bench, world: Telephone) -> None:
    if bench.provider.facts().record_outbound is RecordAt.THEIRS:
        pytest.skip("calls that go out are recorded by the carrier's own settings alone")
    await _register(bench, world)
    call = await _placed(bench, world, talker(world), record=True)
    await _assert_file(world, call["id"])


async def _recorded_inbound(bench: Bench, world: Telephone) -> None:
    await _register(bench, world, record=True)
    await world.carrier.call_in(bench.case.customer, bench.case.ours, talker(world))
    call = await world.ended((await world.only_call())["id"])
    await _assert_file(world, call["id"])


async def _assert_file(world: Telephone, call_id: str) -> None:
    call = await world.until(
        call_id, lambda one: [each["status"] for each in one["recordings"]] == ["completed"]
    )
    where = call["recordings"][0]["file"]

    async def is_there() -> bool:
        file = await world.api.get(where)
        # The carrier may tell of a file before it has it.
        assert file.status_code in (200, 502), file.text
        return file.status_code == 200 and len(file.content) > SHORTEST_FILE

    await world.eventually(is_there, within=60)


async def _told_twice(bench: Bench, world: Telephone) -> None:
    world.carrier.faults.callback_twice = 1.0
    await _goes_out(bench, world)


async def _told_in_disorder(bench: Bench, world: Telephone) -> None:
    world.carrier.faults.callback_shuffle = 1.0
    await _register(bench, world)
    call = await _placed(bench, world, talker(world))
    assert call["status"] == "completed", f"{call['status']} ({call['end_reason']})"


async def _broken_messages(bench: Bench, world: Telephone) -> None:
    world.carrier.faults.socket_garbage = 0.2
    world.carrier.faults.socket_wrong_id = 0.2
    await _register(bench, world)
    call = await _placed(bench, world, talker(world))
    assert call["status"] == "completed", f"{call['status']} ({call['end_reason']})"
    assert names(call).count("stream-started") == 1, names(call)


async def _placed(bench: Bench, world: Telephone, phone: Phone, **changes: Any) -> dict[str, Any]:
    """A call that went out to this phone, once it is over."""
    world.carrier.phones[bench.case.customer] = phone
    placed = await world.dial(bench.case.customer, **_from(bench), **changes)
    call = await world.ended(placed["id"])
    assert world.carrier.ledger.dials(bench.case.customer) == 1, "the number was dialled again"
    return call


async def _register(bench: Bench, world: Telephone, **changes: Any) -> None:
    """Register our number, and do at the carrier what its set-up steps ask of a person."""
    options = dict(bench.case.options)
    given = {"number": bench.case.ours, **({"options": options} if options else {}), **changes}
    await world.register(**given)
    record = bool(given.get("record"))
    await set_up(world.api, world.carrier, bench.case.ours, record=record)


def _from(bench: Bench) -> dict[str, str]:
    return {"from": bench.case.ours}


def _play(bench: Bench, story: Story, *hooks: str, may_refuse: bool = False) -> None:
    """Tell a story in a world of its own; whatever happens in it, no leg stays open and nothing is refused.

    `may_refuse`: we may refuse a stream, of a call that is to end.
    """
    bench.needs("simulator", "open_stream", "answer", *hooks)
    name = bench.known_as()
    plugins = Plugins([ProviderPlugin(name, bench.provider, "under test", "0")])
    settings = {f"{name}_{field}".upper(): text for field, text in bench.case.settings.items()}

    async def tell(folder: Path) -> None:
        async with telephone(folder, name, plugins=plugins, defaults=settings) as world:
            await story(bench, world)
            await world.eventually(lambda: world.carrier.ledger.live_legs() == ())
            refused = world.carrier.ledger.all(What.STREAM_REFUSED)
            assert may_refuse or not refused, f"streams were refused: {refused}"

    with TemporaryDirectory() as folder:
        asyncio.run(tell(Path(folder)))
