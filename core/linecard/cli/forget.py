"""`linecard forget`: erase a person's number from everything that a running server keeps."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from linecard.cli.remote import Url, ask


def forget(
    number: Annotated[str, typer.Argument(help="The number in E.164: +14155550123.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would be erased.")
    ] = False,
    also_blocklist: Annotated[
        bool, typer.Option("--also-blocklist", help="Take the number off the blocklist too.")
    ] = False,
    url: Url = None,
) -> None:
    """Erase a number from calls, recordings and all else that is kept; what is left is statistics."""
    body = {"number": number, "also_blocklist": also_blocklist}
    if dry_run or not yes:
        _print(ask("POST", "/forget", url, {**body, "dry_run": True}))
    if dry_run:
        return
    if not yes:
        typer.confirm("Erase all this? Nothing brings it back", abort=True)
    _print(ask("POST", "/forget", url, body))


def _print(report: dict[str, Any]) -> None:
    typer.echo("would be erased:" if report["dry_run"] else "erased:")
    for kind, count in report["erased"].items():
        typer.echo(f"  {kind:<17} {count}")
    if report["blocked"]:
        typer.echo("The number stays on the blocklist (--also-blocklist takes it off).")
    if report["left_at_carrier"]:
        count = report["left_at_carrier"]
        typer.echo(f"{count} recordings stay with carriers that cannot be asked to delete them.")
    if report["named_in"]:
        typer.echo(f"Still named in the configuration of: {', '.join(report['named_in'])}")
