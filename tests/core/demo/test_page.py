"""The page stands alone, runs nothing but its own script, and shows foreign text as text."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace

import pytest
from lxml import html

from linecard.demo.page import render
from linecard.demo.report import Report


@pytest.fixture
def page(report: Report) -> html.HtmlElement:
    """The page of the hostile report, parsed."""
    return html.document_fromstring(render(report))


def _policy(page: html.HtmlElement) -> dict[str, str]:
    (content,) = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    return dict(part.strip().split(" ", 1) for part in content.split(";"))


def _hashed(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_foreign_text_makes_no_elements(page: html.HtmlElement) -> None:
    assert len(page.xpath("//script")) == 1
    assert page.xpath("//img") == []
    assert page.xpath("//@onerror") == []


def test_foreign_text_is_shown_whole(page: html.HtmlElement, hostile: str) -> None:
    assert page.xpath("//header//dd/text()")[0] == hostile
    assert f"presses {hostile}" in page.xpath("//section[@class='sequence']//span/text()")
    assert hostile in page.xpath("//*[local-name()='svg']//*[local-name()='text']/text()")
    assert hostile in page.xpath("//table[@class='fields']//td/text()")
    assert page.xpath("/html/head/title/text()") == [f"Call from {hostile} · Linecard"]


def test_nothing_but_the_own_style_and_script_may_run(page: html.HtmlElement) -> None:
    policy = _policy(page)
    (script,) = page.xpath("//script/text()")
    (style,) = page.xpath("//style/text()")
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == _hashed(script)
    assert policy["style-src"] == _hashed(style)
    assert policy["img-src"] == policy["media-src"] == "data:"


def test_no_style_attributes_since_the_policy_forbids_them(page: html.HtmlElement) -> None:
    assert page.xpath("//@style") == []


def test_it_asks_for_nothing_from_outside(page: html.HtmlElement) -> None:
    addresses = page.xpath("//@src | //@href | //@action | //@data | //@srcset")
    assert addresses
    assert all(address.startswith("data:") for address in addresses)
    (style,) = page.xpath("//style/text()")
    assert not re.search(r"url\((?!#)|@import", style)


def test_the_sound_is_in_the_page(page: html.HtmlElement, report: Report) -> None:
    (source,) = page.xpath("//audio/@src")
    wav = base64.b64decode(source.removeprefix("data:audio/wav;base64,"))
    assert report.sound is not None
    assert wav[:4] == b"RIFF"
    assert len(wav) == 44 + 2 * len(report.sound.caller)


def test_a_call_without_sound_has_no_player(report: Report) -> None:
    page = html.document_fromstring(render(replace(report, sound=None)))
    assert page.xpath("//audio") == []
    assert page.xpath("//button[@id='play']") == []


def test_failed_checks_are_counted_at_the_top(page: html.HtmlElement, report: Report) -> None:
    assert page.xpath("//p[contains(@class, 'verdict')]/text()") == ["1 of 2 checks failed"]
    good = replace(report, checks=report.checks[:1])
    passed = html.document_fromstring(render(good))
    assert passed.xpath("//p[contains(@class, 'verdict')]/text()") == ["all 1 checks passed"]
