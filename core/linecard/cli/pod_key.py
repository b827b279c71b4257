"""`linecard pod-key`: what pods of other machines are started with."""

from __future__ import annotations

import typer


def pod_key() -> None:
    """Print LINECARD_POD_KEY for pods of other machines, made from LINECARD_SECRET; keep it as you keep that."""
    from linecard.plugins import Plugins
    from linecard.settings import from_here
    from linecard.tokens import Tokens

    found = Plugins.discover().providers
    settings = from_here({name: provider.cls for name, provider in found.items()})
    typer.echo(Tokens(settings.secret).pod_keys.reveal())
