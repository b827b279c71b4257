"""Our server is not there when somebody answers or calls: the document that stands elsewhere is what is heard.

It is the very file that `linecard fallback write` makes, served as a bucket serves files: to a GET, and to
nothing else. Plivo and Twilio are given its address with every dial, and with a number that is connected.
Exotel's Voicebot applet has one address and no other: there the next applet is all that comes, and the
command says so instead of writing a file.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from linecard.simulator.ledger import What
from linecard.simulator.phone import Phone
from linecard.simulator.script import Wait
from linecard.simulator.serving import serving
from linecard.simulator.speech import speech
from tests.calls.killed import Endangered, endangered
from tests.calls.lines import NUMBERS
from tests.calls.shell import linecard

APOLOGY = "We cannot take your call now. Please call again tomorrow."
LISTENS = Phone(ring_seconds=1.0, script=(Wait(60),), hangs_up=True)
WITH_DOCUMENTS = ("plivo", "twilio")


@dataclass(slots=True)
class Bucket:
    """Files that can be fetched, and nothing else."""

    folder: Path
    asked: list[tuple[str, str]] = field(default_factory=list)

    async def answer(self, request: Request) -> Response:
        """A file to a GET; S3 answers 405 to a POST."""
        name = request.path_params["name"]
        self.asked.append((request.method, name))
        if request.method != "GET":
            return Response(status_code=405)
        return Response((self.folder / name).read_bytes(), media_type="application/xml")


@dataclass(frozen=True, slots=True)
class Deserted:
    """A world whose server has been there, and is not any more."""

    at: Endangered
    bucket: Bucket
    number: str

    def heard(self, number: str) -> bytes:
        """What the only call of a number has heard."""
        (handset,) = self.at.carrier.phones.handsets(number)
        return bytes(handset.heard)


@asynccontextmanager
async def deserted(folder: Path, provider: str) -> AsyncIterator[Deserted]:
    """A call that rings and a number that is connected, when the server is killed."""
    bucket = Bucket(folder / "bucket")
    methods = ["GET", "POST", "PUT"]
    route = Route("/{name}", bucket.answer, methods=methods)
    async with serving(Starlette(routes=[route])) as elsewhere:
        document = f"{elsewhere}/{provider}.xml"
        async with endangered(folder, provider, fallback_url=document, apology=APOLOGY) as at:
            env = dict(at.env)
            written = await linecard("fallback", "write", str(bucket.folder), env=env, cwd=folder)
            assert written.code == 0, written.err
            async with at.serving() as server:
                await at.set_up()
                connected = await linecard(
                    "numbers", "connect", at.ours, "--yes", env=env, cwd=folder
                )
                assert connected.code == 0, connected.err
                number = await at.dial("rings", LISTENS)
                await at.until(lambda: bool(at.carrier.ledger.all(What.RINGING)))
                await at.kill(server)
            yield Deserted(at, bucket, number)


@pytest.mark.parametrize("provider", WITH_DOCUMENTS)
async def test_somebody_who_answers_hears_the_document_that_stands_elsewhere(
    tmp_path: Path, provider: str
) -> None:
    async with deserted(tmp_path, provider) as world:
        await world.at.until(lambda: world.at.carrier.ledger.live_legs() == ())
        assert speech(APOLOGY) in world.heard(world.number)
        assert world.bucket.asked == [("GET", f"{provider}.xml")]
        async with world.at.serving_later(ahead=900.0, speed=8.0):
            await world.at.until(lambda: _is_over(world.at))
        assert world.at.carrier.ledger.dials(world.number) == 1


async def _is_over(at: Endangered) -> bool:
    return bool((await at.call("rings"))["status"] == "completed")


@pytest.mark.parametrize("provider", WITH_DOCUMENTS)
async def test_somebody_who_calls_in_hears_the_document_that_stands_elsewhere(
    tmp_path: Path, provider: str
) -> None:
    async with deserted(tmp_path, provider) as world:
        ours, customer, *_ = NUMBERS[provider]
        await world.at.carrier.call_in(customer, ours, LISTENS)
        await world.at.until(lambda: world.at.carrier.ledger.live_legs() == ())
        assert speech(APOLOGY) in world.heard(customer)
        assert {method for method, _ in world.bucket.asked} == {"GET"}


async def test_a_carrier_that_can_have_none_is_said_and_its_flow_goes_on(tmp_path: Path) -> None:
    async with endangered(tmp_path, "exotel") as at:
        folder = tmp_path / "documents"
        written = await linecard("fallback", "write", str(folder), env=at.env, cwd=tmp_path)
        assert "set it in the carrier's flow" in written.out
        assert list(folder.iterdir()) == []
        async with at.serving() as server:
            await at.set_up()
            await at.kill(server)
        ours, customer, *_ = NUMBERS["exotel"]
        call = await at.carrier.call_in(customer, ours, LISTENS)
        end = await at.carrier.ledger.until(What.HUNG_UP, call)
        assert end.facts["name"] == "the flow is over"
