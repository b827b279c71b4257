"""The blocklist in linecard.toml: put on the list at the start, lifted by none, refused with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

import linecard
from linecard.errors import ConfigurationError
from linecard.numbers import Blocks
from linecard.plugins import OtherPlugin
from linecard.store import blocklist
from linecard.store.blocklist import Blocked
from linecard.wall import now
from tests.calls.filed import started_with

FILE = """
blocklist = [
  "+1900*",
  { caller = "+14155550123", direction = "inbound", note = "rude" },
]
"""

Listed = dict[str, tuple[Blocks, str | None]]


async def listed(folder: Path, text: str, *others: Blocked, gone: str = "") -> Listed:
    """Who is blocked after a start with this file; `others` are added, and `gone` removed, later on."""
    async with started_with(folder, text) as exchange, exchange.database.write() as conn:
        page = await blocklist.page(conn, 200, None)
        for entry in others:
            await blocklist.block_too(conn, entry)
        if gone:
            await blocklist.remove(conn, gone)
    return {entry.caller: (entry.direction, entry.note) for entry in page.items}


def blocked(caller: str, direction: Blocks, note: str) -> Blocked:
    """An entry that somebody makes through the API, or who opts out."""
    return Blocked(id=caller, caller=caller, direction=direction, note=note, created_at=now())


async def test_entries_of_the_file_are_on_the_list(tmp_path: Path) -> None:
    assert await listed(tmp_path, FILE) == {
        "+1900*": (Blocks.BOTH, None),
        "+14155550123": (Blocks.INBOUND, "rude"),
    }


async def test_a_table_may_stand_below_others(tmp_path: Path) -> None:
    below = '[limits]\n[[blocklist]]\ncaller = "+1900*"\n[[blocklist]]\ncaller = "+1901*"\n'
    assert set(await listed(tmp_path, below)) == {"+1900*", "+1901*"}


async def test_what_the_file_does_not_name_stays(tmp_path: Path) -> None:
    of_the_api = blocked("+4930*", Blocks.OUTBOUND, "asked us")
    before = await listed(tmp_path, FILE, of_the_api)
    assert await listed(tmp_path, "") == before | {"+4930*": (Blocks.OUTBOUND, "asked us")}


async def test_a_start_lifts_no_block(tmp_path: Path) -> None:
    """Who has opted out stays so, with the note that says in which call."""
    await listed(tmp_path, "", blocked("+14155550123", Blocks.OUTBOUND, "opted out in call c1"))
    after = await listed(tmp_path, FILE)
    assert after["+14155550123"] == (Blocks.BOTH, "opted out in call c1")


async def test_what_the_file_names_is_back_after_the_next_start(tmp_path: Path) -> None:
    before = await listed(tmp_path, FILE, gone="+1900*")
    assert await listed(tmp_path, FILE) == before


class Hears:
    """A plugin that keeps numbers to be called."""

    def __init__(self) -> None:
        self.told: list[str] = []

    @linecard.hookimpl
    async def number_blocked(self, number: str) -> None:
        self.told.append(number)


async def test_plugins_hear_once_whom_we_may_call_no_more(tmp_path: Path) -> None:
    plugin = Hears()
    for _ in range(2):
        async with started_with(tmp_path, FILE, OtherPlugin("hears", plugin, "tests", "0")):
            pass
    assert plugin.told == ["+1900*"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('["1900"]', "blocklist.0.caller: Value error, '1900' is neither a number"),
        ('["+1900*", "+19*00"]', "blocklist.1.caller: Value error, '+19*00' is neither"),
        ('["withheld"]', "blocklist.0.caller: Value error, 'withheld' is neither a number"),
        ('[{ caller = "+1900*", direction = "in" }]', "blocklist.0.direction: "),
        ('[{ caller = "+1900*", colour = 1 }]', "blocklist.0.colour: "),
        ('[{ note = "whom?" }]', "blocklist.0.caller: Field required"),
        (
            '["+1900*", { caller = "+1900*", direction = "inbound" }]',
            "blocklist: +1900* stands there twice, and not alike",
        ),
        ("[7]", "blocklist holds 7; write a caller as text, or a table with one"),
        ('{ caller = "+1900*" }', "blocklist must be a list: "),
    ],
)
async def test_what_is_wrong_is_named_by_its_place(
    tmp_path: Path, text: str, complaint: str
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        await listed(tmp_path, f"blocklist = {text}")
    assert complaint in str(refused.value)
    assert await listed(tmp_path, "") == {}


async def test_numbers_and_blocklist_are_complained_of_at_once(tmp_path: Path) -> None:
    text = 'blocklist = ["1900"]\n[numbers."+14155550100"]\nprovider = "plivo"\n'
    with pytest.raises(ConfigurationError) as refused:
        await listed(tmp_path, text)
    assert "- blocklist.0.caller: " in str(refused.value)
    assert '- numbers."+14155550100".agent: ' in str(refused.value)
