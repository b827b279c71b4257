"""ADDING_A_PROVIDER.md: its commands work as printed, and its listings and figures are true."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from linecard.plugins.specs import PROVIDER
from linecard.plugins.steps import STEPS
from tests.docs.pages import ROOT, blocks, headings, ticked

PAGE = ROOT / "ADDING_A_PROVIDER.md"
TEXT = PAGE.read_text(encoding="utf-8")
EDITABLE = "pip install -e . "


def test_the_five_steps_are_those_of_the_hooks() -> None:
    section = TEXT.partition("\n## Five steps\n")[2].partition("\n## ")[0]
    told = re.findall(r"^\*\*(\d)\. (.+?)\.\*\*", section, re.MULTILINE)
    assert told == [(str(number), step) for number, step in enumerate(STEPS, 1)]
    assert "Five steps" in headings(PAGE)
    assert [hook for hooks in STEPS.values() for hook in sorted(hooks)] != []
    assert {hook for hooks in STEPS.values() for hook in hooks} == set(PROVIDER)


def test_what_it_says_of_a_step_is_about_hooks_of_that_step() -> None:
    section = TEXT.partition("\n## Five steps\n")[2].partition("\n**It is done**")[0]
    parts = re.split(r"^\*\*\d\. .+?\.\*\*", section, flags=re.MULTILINE)[1:]
    for part, (step, hooks) in zip(parts, STEPS.items(), strict=True):
        named = [word for word in ticked(part) if word in PROVIDER]
        assert named, step
        assert set(named) <= set(hooks), step


@pytest.mark.slow
def test_the_commands_work_as_printed(tmp_path: Path) -> None:
    """They run in a shell; only the environment that pip installs into is the test's own."""
    commands = blocks(PAGE, "console")[0]
    assert EDITABLE in commands
    site = tmp_path / "site"
    script = commands.replace(EDITABLE, f"pip install --quiet --target {site} . ")
    done = subprocess.run(
        ["bash", "-ec", script],
        cwd=tmp_path,
        env={
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(site),
            "PYTHONSAFEPATH": "1",
            "COLUMNS": "200",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert "linecard-zeta 0.1.0" in done.stdout, done.stderr
    assert f"{len(PROVIDER)} failed in" in done.stdout
    shown = blocks(PAGE, "text")[0].splitlines()
    printed = done.stdout.splitlines()
    at = printed.index(shown[0])
    assert printed[at + 1 : at + 3] == shown[1:3]
    for line in shown[4:]:
        fixed = [re.escape(part) for part in re.split(r"\.\.\.|:\d+|linecard_zeta/", line)]
        assert any(re.search(".*".join(fixed), one) for one in printed[at : at + 12]), line
