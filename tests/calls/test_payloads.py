"""What carriers sent is kept as it came, once, and can be read; without keys and secrets."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from linecard.simulator.ledger import Entry, What
from linecard.simulator.phone import Phone
from linecard.simulator.script import Press, Wait, WaitForSound
from linecard_exotel.simulator.bodies import as_pairs
from tests.calls.heard import record, said
from tests.calls.lines import CARRIERS, line

KEY = "7"
PROMPT = "For an echo, press 7."
OUR_ADDRESS = "/ws/"
Fields = list[list[str]]
MENU = {
    "menu": {
        "entries": [{"key": KEY, "agent": "echo", "prompt": said(PROMPT)}],
        "seconds": 8,
    }
}
PRESSES = Phone(script=(WaitForSound(), Wait(1), Press(KEY), Wait(3)), hangs_up=True)


@pytest.mark.parametrize("provider", CARRIERS)
async def test_every_request_of_a_call_is_kept_as_it_came(tmp_path: Path, provider: str) -> None:
    record(tmp_path, PROMPT)
    async with line(tmp_path, provider, sounds=str(tmp_path)) as at:
        await at.route(MENU)
        call = await at.call_in(PRESSES)
        answer = await at.world.api.get(f"/api/calls/{call['id']}/payloads")
        requests = [one for one in at.world.carrier.ledger.entries if one.what is What.WEBHOOK]
    sent = [_shown(_masked(pairs)) for pairs in _once([_pairs(one) for one in requests])]
    kept = _kept(answer.json())
    assert len(sent) > 1
    assert [fields for fields in sent if fields not in kept] == []
    assert [fields for fields in kept if fields not in sent] == []
    assert len(kept) == len(sent)
    if provider != "exotel":  # there the key comes on the socket
        assert [["Digits", "*"] for fields in kept if ["Digits", "*"] in fields] == [
            ["Digits", "*"]
        ]


async def test_of_no_call_nothing_can_be_read(tmp_path: Path) -> None:
    async with line(tmp_path, "plivo") as at:
        assert (await at.world.api.get("/api/calls/none/payloads")).status_code == 404


def _pairs(entry: Entry) -> list[tuple[str, str]]:
    fields: Any = entry.facts["fields"]
    return [(name, value) for name, value in fields]


def _kept(payloads: Sequence[dict[str, Any]]) -> list[Fields]:
    whole = [one["fields"] or as_pairs(json.loads(one["body"] or "{}")) for one in payloads]
    return [_shown(fields) for fields in whole if fields]


def _masked(pairs: Sequence[tuple[str, str]]) -> Sequence[tuple[str, str]]:
    return [(name, value.replace(KEY, "*") if name == "Digits" else value) for name, value in pairs]


def _shown(fields: Sequence[Sequence[str]]) -> Fields:
    """Fields without the tokens in addresses of ours."""
    return [[name, "".join(value.partition(OUR_ADDRESS)[:2])] for name, value in fields]


def _once(every: Sequence[list[tuple[str, str]]]) -> list[list[tuple[str, str]]]:
    return [one for n, one in enumerate(every) if one not in every[:n]]
