"""`linecard new-provider`: what it writes installs, is found, and says what is to do, hook by hook."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from linecard.cli import app
from linecard.errors import Conflict, InvalidField
from linecard.plugins.specs import PROVIDER, STATIC, may_be_async
from linecard.plugins.steps import STEPS

RUN = CliRunner()
LINECARD = "from linecard.cli import main; main()"
TASK = re.compile(r"^to do: (?P<hook>\w+) \(step \d, .*\)\n(?P<told>(?:  ?.*\n|\n)+)", re.MULTILINE)


def write(name: str, out: Path) -> Path:
    """The folder of a new provider."""
    done = RUN.invoke(app, ["new-provider", name, "--out", str(out)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return out / f"linecard-{name}"


def python(*arguments: str, site: Path, cwd: Path) -> str:
    """What a run of Python with the installed distribution prints."""
    done = subprocess.run(
        [sys.executable, "-P", *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(site), "COLUMNS": "200"},
        check=False,
    )
    return done.stdout + done.stderr


def installed(folder: Path, site: Path) -> Path:
    """The distribution, as pip installs it."""
    pip = ["-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    done = subprocess.run(
        [sys.executable, *pip, "--target", str(site), str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return site


@pytest.mark.parametrize("name", ["zeta", "zeta-voice", "none", "x1"])
def test_the_class_has_every_hook_as_the_contract_has_it(tmp_path: Path, name: str) -> None:
    (source,) = write(name, tmp_path).glob("linecard_*/__init__.py")
    (cls,) = [
        node
        for node in ast.parse(source.read_text()).body
        if isinstance(node, ast.ClassDef) and not node.decorator_list
    ]
    found = {
        node.name: node
        for node in cls.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name[0] != "_"
    }
    assert found.keys() == PROVIDER.keys()
    for hook, node in found.items():
        arguments = [one.arg for one in node.args.args if one.arg != "self"]
        assert arguments == list(PROVIDER[hook].parameters)
        assert isinstance(node, ast.AsyncFunctionDef) is may_be_async(hook)
        marks = [ast.unparse(mark) for mark in node.decorator_list]
        assert marks == [*(["staticmethod"] if hook in STATIC else []), "linecard.to_do"]


def test_what_is_written_is_formatted_typed_and_clean(tmp_path: Path) -> None:
    folder = write("zeta-voice", tmp_path)
    tool = Path(sys.executable).parent
    for command in (
        ["ruff", "format", "--check", "--isolated", "--line-length", "100", "."],
        ["ruff", "check", "--isolated", "--line-length", "120", "--select", "E,F,UP,B", "."],
    ):
        done = subprocess.run(
            [tool / command[0], *command[1:]], cwd=folder, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stdout.decode()


@pytest.mark.parametrize(
    "name",
    ["", "Zeta", "7zeta", "zeta_voice", "zeta voice", "-z", "z-", "z--z", "../z", "z/z", "z" * 41],
)
def test_a_name_that_no_provider_can_have_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidField, match="such as acme"):
        RUN.invoke(
            app, ["new-provider", "--out", str(tmp_path), "--", name], catch_exceptions=False
        )
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["api", "ws", "metrics", "linecard"])
def test_a_name_of_our_own_addresses_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidField, match="Linecard's own"):
        RUN.invoke(app, ["new-provider", name, "--out", str(tmp_path)], catch_exceptions=False)
    assert not list(tmp_path.iterdir())


def test_a_name_that_is_taken_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        Conflict, match="plivo is installed already, from the distribution linecard"
    ):
        RUN.invoke(app, ["new-provider", "plivo", "--out", str(tmp_path)], catch_exceptions=False)


def test_nothing_is_ever_overwritten(tmp_path: Path) -> None:
    kept = write("zeta", tmp_path) / "linecard_zeta" / "__init__.py"
    kept.write_text("mine")
    with pytest.raises(Conflict, match="linecard-zeta is there already"):
        write("zeta", tmp_path)
    assert kept.read_text() == "mine"


def test_the_readme_names_the_steps_and_every_hook(tmp_path: Path) -> None:
    text = (write("zeta", tmp_path) / "README.md").read_text()
    for number, (step, hooks) in enumerate(STEPS.items(), 1):
        assert f"\n{number}. **{step}**: {', '.join(f'`{hook}`' for hook in hooks)}.\n" in text


@pytest.mark.slow
def test_its_tests_are_red_with_one_thing_to_do_for_each_hook(tmp_path: Path) -> None:
    folder = write("zeta", tmp_path)
    site = installed(folder, tmp_path / "site")
    listed = python("-c", LINECARD, "providers", site=site, cwd=tmp_path)
    assert "zeta  linecard-zeta 0.1.0\n" in listed
    said = python("-m", "pytest", "-q", "-p", "no:cacheprovider", site=site, cwd=folder)
    tasks = {found["hook"]: found["told"] for found in TASK.finditer(said)}
    assert f"\n{len(PROVIDER)} failed in " in said
    assert tasks.keys() == PROVIDER.keys()
    assert "Traceback" not in said
    assert "Error" not in said.replace("NotImplementedError", "")
    for hook, told in tasks.items():
        assert f"ProviderHooks.{hook}, " in told
        assert re.search(r"hookspecs\.py:\d+\n", told)
        assert re.search(r"linecard_zeta/__init__\.py:\d+, under @linecard\.hookimpl", told)


@pytest.mark.slow
def test_the_kit_takes_over_as_hooks_are_written_or_deleted(tmp_path: Path) -> None:
    folder = write("zeta", tmp_path)
    source = folder / "linecard_zeta" / "__init__.py"
    source.write_text(_begun(source.read_text()))
    site = installed(folder, tmp_path / "site")
    said = python("-m", "pytest", "-q", "-p", "no:cacheprovider", site=site, cwd=folder)
    assert f"\n{len(PROVIDER) - 3} failed, " in said
    assert len(TASK.findall(said)) == len(PROVIDER) - 3
    assert "zeta: hooks by stream profile" in said
    listed = python("-c", LINECARD, "providers", site=site, cwd=tmp_path)
    mine = listed.partition("zeta  linecard-zeta")[2].partition("skipped")[0]
    assert re.search(r"facts +│ yes", mine)
    assert re.search(r"place_call +│ to do", mine)
    assert re.search(r"rates +│ - ", mine)


def _begun(source: str) -> str:
    """`facts` and `stream_profiles` are written, `rates` is deleted."""
    bodies = {
        "facts": "linecard.Facts(calls_per_second=1, above_limit='refused', max_call_seconds=7200, "
        "max_ring_seconds=60)",
        "stream_profiles": "[linecard.StreamProfile(name='pcmu', format=linecard.same_both_ways("
        "linecard.AudioFormat(linecard.Encoding.PCMU, 8000)), chunk=linecard.ChunkRule(1, 1, 1600))]",
    }
    for hook, value in bodies.items():
        before, found, after = source.partition(f"def {hook}(")
        assert found
        head = before[: before.rindex("@linecard.to_do")] + before[
            before.rindex("@linecard.to_do") :
        ].replace("@linecard.to_do", "@linecard.hookimpl")
        source = head + found + after.replace("raise NotImplementedError", f"return {value}", 1)
    return re.sub(
        r"    @linecard\.to_do\n    async def rates.*?NotImplementedError\n", "", source, flags=re.S
    )
