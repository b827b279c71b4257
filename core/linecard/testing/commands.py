"""What the commands beside a reply ask of the carrier: each is sent once to a server of the kit."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from linecard.carrier import Answer, Command
from linecard.testing.bench import Bench
from linecard.testing.readers import Document
from linecard.testing.samples import Says
from linecard.testing.server import api
from linecard.verbs import Reason, Verb

DONE = Says(200, {"data": {"result": "ok"}})


def requests_of(bench: Bench, answer: Answer, verbs: Sequence[Verb], reason: Reason) -> Document:
    """What the commands of an answer say to the API; nothing where there are none."""
    if not answer.effects:
        return Document()
    samples = bench.case.api
    with api(samples.done if samples and samples.done.body else DONE) as server:
        settings = {samples.setting: server.url} if samples else {}
        provider = bench.make(**settings)
        again = provider.answer(bench.call(), verbs, reason)
        asyncio.run(_carry_out(again.effects))
        said = [one.document for one in server.arrived]
    return sum(said, Document())


async def _carry_out(commands: tuple[Command, ...]) -> None:
    for command in commands:
        await command.request()
