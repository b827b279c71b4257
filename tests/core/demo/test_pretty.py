"""Documents for reading."""

from __future__ import annotations

import pytest

from linecard.demo.page.pretty import indented, pretty


def test_markup_gets_one_tag_a_line() -> None:
    given = '<?xml version="1.0"?><R><S a="1">wss://h/?x=1&amp;y=2</S><D><N>1</N></D><P/></R>'
    assert indented(given).splitlines() == [
        '<?xml version="1.0"?>',
        "<R>",
        '  <S a="1">wss://h/?x=1&amp;y=2</S>',
        "  <D>",
        "    <N>1</N>",
        "  </D>",
        "  <P/>",
        "</R>",
    ]


@pytest.mark.parametrize("broken", ["<R><S>", "</R></R>", "<", "<<>>", "<a href='>'>"])
def test_broken_markup_loses_nothing(broken: str) -> None:
    assert "".join(indented(broken).split()) == "".join(broken.split())


def test_json_is_indented_and_broken_json_left_alone() -> None:
    assert pretty('{"a":[1]}') == '{\n  "a": [\n    1\n  ]\n}'
    assert pretty('{"a":') == '{"a":'


def test_other_text_stays() -> None:
    assert pretty("  busy, try again\n") == "busy, try again"
