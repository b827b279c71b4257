"""`linecard providers`: what is installed and what it can do; needs no settings."""

from __future__ import annotations

import typer
from rich.table import Table

from linecard.cli.tables import show
from linecard.enhancing import enhancers
from linecard.hookspecs import ProviderHooks
from linecard.plugins import Plugins, capabilities, hooks_to_do


def providers() -> None:
    """Show installed providers, their hooks per stream profile, and skipped plugins with the reason."""
    plugins = Plugins.discover()
    for name, provider in sorted(plugins.providers.items()):
        typer.echo(f"{name}  {provider.distribution} {provider.version}")
        show(_table(capabilities(provider.cls), hooks_to_do(provider.cls)))
    for other in plugins.others:
        typer.echo(f"{other.name}  plugin, {other.distribution}")
    for one in enhancers.offered(plugins).values():
        typer.echo(
            f"{one.name}  noise enhancer of {one.plugin}{one.lacking and f', not here: {one.lacking}'}"
        )
    for skipped in plugins.skipped:
        typer.secho(f"{skipped.name}  skipped: {skipped.reason}", fg=typer.colors.YELLOW)
    if not plugins.providers:
        typer.secho("no provider is installed", fg=typer.colors.YELLOW)


def _table(offered: dict[str, frozenset[str]], to_do: frozenset[str]) -> Table:
    table = Table("hook", *offered)
    for hook in _hooks():
        lacking = "to do" if hook in to_do else "-"
        marks = ("yes" if hook in hooks else lacking for hooks in offered.values())
        table.add_row(hook, *marks)
    return table


def _hooks() -> list[str]:
    return [name for name in vars(ProviderHooks) if not name.startswith("_")]
