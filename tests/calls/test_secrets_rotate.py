"""LINECARD_SECRET is changed in a running shop: pasted addresses and calls under way go on."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.calls.lines import NUMBERS
from tests.calls.receiver import receiving
from tests.calls.telephone import telephone

OLD, NEW = "o" * 40, "n" * 40


@pytest.mark.parametrize(("secret", "status"), [(f"{NEW},{OLD}", 200), (NEW, 403)])
async def test_an_address_pasted_under_the_old_value(
    tmp_path: Path, secret: str, status: int
) -> None:
    ours, customer, *_ = NUMBERS["exotel"]
    async with telephone(tmp_path, "exotel", secret=OLD) as before:
        made = await before.register(number=ours)
        pasted = urlsplit(next(step["paste"] for step in made["setup"] if step["paste"]))
    async with telephone(tmp_path, "exotel", secret=secret) as world:
        legs = f"CallSid=c1&CallFrom=0{customer[3:]}&CallTo=0{ours[3:]}&Direction=incoming"
        query = f"{pasted.query}&{legs}"
        answer = await world.api.get(f"{pasted.path}?{query}")
        assert answer.status_code == status, answer.text
        shown = await world.api.get(f"/api/numbers/{ours}")
        again = urlsplit(next(one["paste"] for one in shown.json()["setup"] if one["paste"]))
        assert again.query != pasted.query
        assert again.query.partition("&t=")[0] == pasted.query.partition("&t=")[0]


async def test_a_notification_is_signed_with_both(tmp_path: Path) -> None:
    async with receiving() as receiver, telephone(tmp_path, secret=f"{NEW},{OLD}") as world:
        await world.register(notify=receiver.url)
        placed = await world.dial()
        await world.eventually(lambda: bool(receiver.taken), 30)
        signatures = receiver.taken[0].headers["webhook-signature"].split()
        assert len(signatures) == 2
        await world.api.post(f"/api/calls/{placed['id']}/hangup")
