"""The command line, as its own help tells it."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import typer
from docs.tables import table

from linecard.cli import whole


def commands() -> str:
    """Every command with its arguments, its options and their defaults."""
    return "\n\n".join(_section(path, one) for path, one in every_command())


def every_command() -> Iterator[tuple[tuple[str, ...], Any]]:
    """The words and the command of everything that can be run."""
    return _below(typer.main.get_command(whole()), ("linecard",))


def _below(command: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    if not hasattr(command, "commands"):
        yield path, command
        return
    for name, inner in command.commands.items():
        yield from _below(inner, (*path, name))


def _section(path: tuple[str, ...], command: Any) -> str:
    rows = [
        [f"`{_written(one)}`", _meaning(one), _default(one)]
        for one in command.params
        if one.name != "help"
    ]
    listed = [table(["", "", "default"], rows)] if rows else []
    help_text = inspect.cleandoc(command.help or "")
    return "\n\n".join([f"### {' '.join(path)}", help_text, *listed])


def _written(param: Any) -> str:
    if param.param_type_name == "argument":
        return str(param.metavar or param.name.upper())
    return " / ".join([*param.opts, *param.secondary_opts])


def _meaning(param: Any) -> str:
    variable = f"Variable: `{param.envvar}`." if param.envvar else ""
    return f"{param.help or ''} {variable}".strip()


def _default(param: Any) -> str:
    if param.required:
        return "required"
    if isinstance(param.default, bool):
        return "yes" if param.default else "no"
    return "-" if param.default in (None, (), []) else f"`{param.default}`"
