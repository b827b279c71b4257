"""Every page: its links lead somewhere, its code compiles, its commands exist, its listings are the code's."""

from __future__ import annotations

import ast
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import typer
from docs.commands import every_command
from docs.generate import stale

from linecard.cli import whole
from tests.docs.pages import PAGES, ROOT, anchors, blocks, name, prose, ticked

LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    for found in LINK.finditer(prose(page)):
        parts = urlsplit(found["target"])
        if parts.scheme:
            continue
        target = (page.parent / parts.path).resolve() if parts.path else page
        assert target.exists(), found["target"]
        if parts.fragment:
            assert parts.fragment in anchors(target), found["target"]


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_python_blocks_compile(page: Path) -> None:
    for block in blocks(page, "python"):
        compile(block, name(page), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_toml_blocks_are_toml(page: Path) -> None:
    for block in blocks(page, "toml"):
        assert tomllib.loads(block)


def test_listings_are_those_of_the_code() -> None:
    old = [name(page) for page, _ in stale()]
    assert not old, f"run: python -m docs.generate   (out of date: {', '.join(old)})"


def test_every_page_is_reached_from_the_readme() -> None:
    found = {
        (page.parent / target["target"].partition("#")[0]).resolve()
        for page in PAGES
        for target in LINK.finditer(prose(page))
    }
    assert {page.resolve() for page in PAGES} - found <= {ROOT / "README.md"}


def _commands(page: Path) -> Iterator[list[str]]:
    """Every command line of ours: in shell blocks, and in the prose between backticks."""
    lines = [line for block in blocks(page, "console") for line in block.splitlines()]
    for text in [*lines, *ticked(prose(page))]:
        if text.startswith("linecard "):
            yield shlex.split(text, comments=True)[1:]


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_commands_are_known_to_the_command_line(page: Path) -> None:
    for words in _commands(page):
        _parse(typer.main.get_command(whole()), words)


def _parse(command: object, words: list[str]) -> None:
    """Fail for a command, an option or a value that the command line does not take."""
    given = list(words)
    while given and given[0] in (inner := getattr(command, "commands", {})):
        command = inner[given.pop(0)]
    if given in (["--help"], ["COMMAND", "--help"]) or not given:
        return
    assert not hasattr(command, "commands"), f"no command: linecard {' '.join(words)}"
    command.make_context("linecard", given)  # type: ignore[attr-defined]


def test_the_check_of_commands_can_fail() -> None:
    with pytest.raises(AssertionError):
        _parse(typer.main.get_command(whole()), ["number", "add"])
    with pytest.raises(Exception, match="--porte"):
        _parse(typer.main.get_command(whole()), ["serve", "--porte", "1"])


def test_every_command_is_listed() -> None:
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    for path, _ in every_command():
        assert f"\n### {' '.join(path)}\n" in page


def test_no_page_speaks_of_how_the_project_was_made() -> None:
    said = re.compile(r"/work/|issue #?\d|session of|\bAI tool", re.IGNORECASE)
    assert not [name(page) for page in PAGES if said.search(page.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_generated_parts_are_closed(page: Path) -> None:
    marks = re.findall(r"^<!-- (generated: \S+|end) -->$", page.read_text(encoding="utf-8"), re.M)
    assert marks[1::2] == ["end"] * (len(marks) // 2)
    assert all(mark.startswith("generated: ") for mark in marks[::2])
