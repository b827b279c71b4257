"""`linecard notifications`: what could not be told, and the secrets that receivers verify with."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlsplit

import typer
from rich.table import Table

from linecard.cli.remote import Url, ask
from linecard.cli.tables import show

notifications = typer.Typer(no_args_is_help=True)
COLUMNS = ("id", "state", "type", "call", "sequence", "at", "attempts")


@notifications.command("list")
def list_notifications(
    state: Annotated[str, typer.Option(help="waiting, delivered or dead.")] = "dead",
    url: Url = None,
) -> None:
    """Show notifications: those that were given up, unless another state is named."""
    table = Table(*COLUMNS, "host", "error", box=None)
    cursor: str | None = ""
    while cursor is not None:
        following = cursor and f"&cursor={cursor}"
        page = ask("GET", f"/notifications?limit=200&state={state}{following}", url)
        for one in page["items"]:
            table.add_row(*_row(one))
        cursor = page["next"]
    show(table)


@notifications.command("retry")
def retry(
    id: Annotated[str, typer.Argument(help="The id of a dead notification.")],
    url: Url = None,
) -> None:
    """Deliver a dead notification again."""
    ask("POST", f"/notifications/{id}/retry", url)
    typer.echo(f"{id} is delivered again")


@notifications.command("secret")
def secret() -> None:
    """Print the secrets that receivers verify with (reads the server's own settings)."""
    from linecard.outgoing.signing import shown_secrets
    from linecard.plugins import Plugins
    from linecard.settings.loading import from_here

    classes = {name: one.cls for name, one in Plugins.discover().providers.items()}
    settings = from_here(classes)
    for one in shown_secrets(settings.notify_secret, settings.secret):
        typer.echo(one)


def _row(one: dict[str, Any]) -> list[str]:
    host = urlsplit(str(one["url"])).netloc
    return [*(str(one[name]) for name in COLUMNS), host, str(one["error"] or "-")]
