"""`linecard new-provider`: a distribution of a new provider, with every hook still to be written."""

from __future__ import annotations

import ast
import inspect
import keyword
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Annotated, Any

import typer

import linecard
from linecard.errors import Conflict, InvalidField
from linecard.hookspecs import ProviderHooks
from linecard.plugins import Plugins, describe
from linecard.plugins.discovery import OUR_ROUTES
from linecard.plugins.specs import STATIC, may_be_async
from linecard.plugins.steps import STEPS

NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
LONGEST_NAME = 40
LONGEST_LINE = 100
TYPE = re.compile(r"\b[A-Z]\w*")
FILES: Mapping[str, str] = {
    "pyproject.toml": "pyproject.toml.jinja",
    "README.md": "README.md.jinja",
    "{package}/__init__.py": "provider.py.jinja",
    "{package}/py.typed": "py.typed.jinja",
    "tests/test_{module}.py": "test_provider.py.jinja",
}
"""What is written, and from which template."""


@dataclass(frozen=True, slots=True)
class Stub:
    """A hook as it stands in the skeleton: the line of its `def`, and what it must do."""

    name: str
    head: str
    told: str
    is_static: bool


def new_provider(
    name: Annotated[str, typer.Argument(help="Its name: the value of a number's `provider`.")],
    out: Annotated[Path, typer.Option(help="The folder to write it into.")] = Path(),
) -> None:
    """Write a distribution for a new provider: class, tests and README, every hook still to do."""
    _check(name)
    folder = out / f"linecard-{name}"
    if folder.exists():
        raise Conflict(f"{folder} is there already; nothing was written")
    words = _words(name)
    for path, template in FILES.items():
        file = folder / path.format_map(words)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(_filled(template, words), encoding="utf-8")
    typer.echo(f"{folder} is written. Next, in that folder:")
    typer.echo("  pip install -e . --no-deps --no-build-isolation")
    typer.echo("  pytest        # one failing test for each hook that is to do")


def _check(name: str) -> None:
    """Raise InvalidField for a name that no provider can have, Conflict for one that is taken."""
    if not NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        raise InvalidField(
            "name",
            f"{name!r} is no provider's name: small letters, digits and single hyphens, a letter "
            f"first, at most {LONGEST_NAME}; such as acme or acme-voice",
        )
    if name in OUR_ROUTES or name == "linecard":
        raise InvalidField("name", f"{name!r} is a word of Linecard's own addresses and settings")
    taken = next(
        (row.distribution for row in describe(Plugins.discover()) if row.name == name), None
    )
    if taken is not None:
        raise Conflict(f"a plugin {name} is installed already, from the distribution {taken}")


def _words(name: str) -> dict[str, Any]:
    """What the templates speak of."""
    module = name.replace("-", "_")
    title = " ".join(part.capitalize() for part in name.split("-"))
    cls = title.replace(" ", "")
    steps = [(step, [_stub(hook) for hook in hooks]) for step, hooks in STEPS.items()]
    return {
        "name": name,
        "module": module,
        "package": f"linecard_{module}",
        "distribution": f"linecard-{name}",
        "prefix": f"{module.upper()}_",
        "title": title,
        "cls": f"{cls}Provider" if keyword.iskeyword(cls) else cls,
        "steps": steps,
        "imports": list(_imports(" ".join(stub.head for _, stubs in steps for stub in stubs))),
    }


def _filled(template: str, words: Mapping[str, Any]) -> str:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("linecard.cli", "skeleton"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701  no HTML, and nothing from outside but a checked name
    )
    return environment.get_template(template).render(words)


def _stub(hook: str) -> Stub:
    spec = vars(ProviderHooks)[hook]
    return Stub(hook, _head(hook, spec), inspect.getdoc(spec) or "", hook in STATIC)


def _head(hook: str, spec: Any) -> str:
    """The `def` as an author writes it: async where it is awaited, the types from `linecard`."""
    parsed = ast.parse(dedent(inspect.getsource(spec))).body[0]
    assert isinstance(parsed, ast.FunctionDef)
    arguments, returns = ast.unparse(parsed.args), ast.unparse(parsed.returns or ast.Constant(None))
    if hook in STATIC:
        arguments = arguments.removeprefix("self").removeprefix(", ")
    start = "def"
    if may_be_async(hook):
        start, returns = "async def", returns.removeprefix("Awaitable[").removesuffix("]")
    line = _qualified(f"{start} {hook}({arguments}) -> {returns}:")
    if len(line) + 4 <= LONGEST_LINE:
        return line
    before, inside, after = re.split(r"(?<=\()(.*)(?=\) ->)", line, maxsplit=1)
    return f"{before}\n    {inside}\n{after}"


def _qualified(text: str) -> str:
    return TYPE.sub(lambda found: _from_linecard(found[0]), text)


def _from_linecard(name: str) -> str:
    return f"linecard.{name}" if name in linecard.__all__ else name


def _imports(heads: str) -> Iterator[tuple[str, list[str]]]:
    """Modules and names of the standard library that the stubs' types need."""
    known = {
        "collections.abc": ("Awaitable", "Mapping", "Sequence"),
        "contextlib": ("AbstractAsyncContextManager",),
    }
    for module, names in known.items():
        used = [name for name in names if re.search(rf"(?<!\.)\b{name}\b", heads)]
        if used:
            yield module, used
