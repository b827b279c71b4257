"""`linecard providers`: what is installed and what it can do; needs no settings."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from linecard.hookspecs import ProviderHooks
from linecard.plugins import Plugins, capabilities

console = Console()


def providers() -> None:
    """Show installed providers, their hooks per stream profile, and skipped plugins with the reason."""
    plugins = Plugins.discover()
    for name, provider in sorted(plugins.providers.items()):
        console.print(f"{name}  {provider.distribution} {provider.version}", highlight=False)
        console.print(_table(capabilities(provider.cls)))
    for other in plugins.others:
        console.print(f"{other.name}  plugin, {other.distribution}", highlight=False)
    for skipped in plugins.skipped:
        console.print(f"{skipped.name}  skipped: {skipped.reason}", style="yellow", markup=False)
    if not plugins.providers:
        console.print("no provider is installed", style="yellow")


def _table(offered: dict[str, frozenset[str]]) -> Table:
    table = Table("hook", *offered)
    for hook in _hooks():
        marks = ("yes" if hook in hooks else "-" for hooks in offered.values())
        table.add_row(hook, *marks)
    return table


def _hooks() -> list[str]:
    return [name for name in vars(ProviderHooks) if not name.startswith("_")]
