"""The house: who may import whom, how large things may be, and what core must never say."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).parents[2]
CORE = ROOT / "core"
PROVIDERS = sorted(path for path in (ROOT / "providers").iterdir() if path.is_dir())
SOURCES = sorted(
    path for folder in ("core", "plugins", "providers") for path in (ROOT / folder).rglob("*.py")
)
CARRIERS = re.compile(r"plivo|twilio|exotel|telnyx|vonage|signalwire|vobiz", re.IGNORECASE)
LONGEST_FILE = 400
LONGEST_FUNCTION = 50
USUAL_FUNCTION = 25


def _functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    body = function.body[1:] if ast.get_docstring(function) else function.body
    if not body:
        return 0
    return (function.end_lineno or 0) - body[0].lineno + 1


def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def test_core_names_no_carrier() -> None:
    texts = [path for path in CORE.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    named = {
        f"{path.relative_to(ROOT)}:{number}"
        for path in texts
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if CARRIERS.search(line)
    }
    assert not named


def test_providers_import_only_the_public_package() -> None:
    broken = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in (ROOT / "providers").rglob("*.py")
        for name in _imports(path)
        if name.startswith("linecard.") and not _may_import(path, name)
    }
    assert not broken


def _may_import(path: Path, name: str) -> bool:
    return "simulator" in path.relative_to(ROOT).as_posix() and (
        name.startswith("linecard.simulator") or name == "linecard.clock"
    )


def test_plugins_import_the_public_package_and_the_store() -> None:
    broken = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in (ROOT / "plugins").rglob("*.py")
        for name in _imports(path)
        if name.startswith("linecard.") and not name.startswith(("linecard.store", "linecard.wall"))
        if path.name != "trying.py"  # a trial stands on the demo's stage
    }
    assert not broken


def test_providers_do_not_know_each_other() -> None:
    packages = {path.name: f"linecard_{path.name}" for path in PROVIDERS}
    for path in (ROOT / "providers").rglob("*.py"):
        own = path.relative_to(ROOT / "providers").parts[0]
        others = {package for name, package in packages.items() if name != own}
        assert not {name for name in _imports(path) if name.split(".")[0] in others}


@pytest.mark.parametrize("module", ["socket", "os", "time", "sqlalchemy", "sqlite3"])
def test_providers_do_no_io_of_their_own(module: str) -> None:
    broken = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "providers").rglob("*.py")
        if "simulator" not in path.as_posix() and module in _imports(path)
    }
    assert not broken


def test_import_linecard_is_light() -> None:
    script = (
        "import sys, linecard; heavy = {'sqlalchemy', 'fastapi', 'starlette', 'pytest', 'plivo', "
        "'uvicorn', 'alembic', 'numpy', 'httpx2'}; print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_public_names_are_sorted_and_there() -> None:
    import linecard

    assert list(linecard.__all__) == sorted(linecard.__all__)
    assert all(hasattr(linecard, name) for name in linecard.__all__)


def test_files_are_short() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in SOURCES
        if (lines := len(path.read_text().splitlines())) > LONGEST_FILE
    }
    assert not long


def test_functions_are_short() -> None:
    lengths = {
        f"{path.relative_to(ROOT)}:{function.name}": _length(function)
        for path in SOURCES
        for function in _functions(path)
        if "migrations" not in path.as_posix()
    }
    assert not {name: length for name, length in lengths.items() if length > LONGEST_FUNCTION}
    usual = [length for length in lengths.values() if length <= USUAL_FUNCTION]
    assert len(usual) / len(lengths) >= 0.9
    assert median(lengths.values()) <= 10


def test_no_module_is_a_junk_drawer() -> None:
    banned = {"utils", "util", "helpers", "helper", "manager", "common", "misc"}
    assert not [path for path in SOURCES if path.stem in banned]


def test_public_things_of_core_have_docstrings() -> None:
    bare = [
        f"{path.relative_to(ROOT)}:{node.name}"
        for path in CORE.rglob("*.py")
        if "migrations" not in path.as_posix()
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
        and not any(getattr(mark, "id", "") == "overload" for mark in node.decorator_list)
    ]
    assert not bare


def test_in_tree_providers_come_through_the_strangers_door() -> None:
    offered = {entry.name: entry.value for entry in entry_points(group="linecard")}
    for path in PROVIDERS:
        assert offered[path.name].startswith(f"linecard_{path.name}:")


def test_the_lock_names_no_index() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    assert "--hash=sha256:" in lock
    assert not re.search(r"index-url|find-links|https?://|file://", lock)
