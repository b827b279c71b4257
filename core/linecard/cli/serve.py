"""`linecard serve`: the server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated

import typer


def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535)] = 8080,
    agent: Annotated[
        list[str] | None, typer.Option(help="[NAME=]module:function; may be given several times.")
    ] = None,
    admin_port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="A listener of its own for /api and /metrics."),
    ] = None,
    internal_port: Annotated[
        int,
        typer.Option(
            min=0,
            max=65535,
            help="A listener for other processes on the same database, with LINECARD_INTERNAL_URL; 0: none.",
        ),
    ] = 0,
    strict_plugins: Annotated[
        bool, typer.Option("--strict-plugins", help="Refuse to start with a broken plugin.")
    ] = False,
    log_format: Annotated[str, typer.Option(help="json or console.")] = "json",
    drain_seconds: Annotated[
        int, typer.Option(min=0, help="How long SIGTERM waits for live calls.")
    ] = 1800,
    pods: Annotated[
        int, typer.Option(min=0, help="Run each call in a process of its own, so many at once.")
    ] = 0,
    control_port: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help="A listener where pods of other machines are linked."),
    ] = None,
    role: Annotated[
        str, typer.Option(help="all, or media: a pod, which carries one call and ends.")
    ] = "all",
    listen: Annotated[
        str | None, typer.Option(help="Of a pod: HOST:PORT or unix:/PATH for its media sockets.")
    ] = None,
) -> None:
    """Answer carriers and run voice agents."""
    if role not in ("all", "media"):
        raise typer.BadParameter("all or media", param_hint="--role")
    if log_format not in ("json", "console"):
        raise typer.BadParameter("json or console", param_hint="--log-format")
    if role == "media":
        _media(listen or f"{host}:{port}", agent or [], drain_seconds, log_format)
        return
    # The server's parts take a second to load, which other commands need not wait for.
    from linecard.cli.assembly import assembled
    from linecard.cli.server import Ports, run
    from linecard.logs import catch_strays, configure
    from linecard.pods.privacy import keep_private

    configure(json=log_format == "json")
    catch_strays()
    if pods:
        keep_private()
    exchange = assembled(agent or [], strict=strict_plugins, pods=pods)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        ports = Ports(host, port, admin_port, internal_port or None, control_port)
        runner.run(run(exchange, ports, drain_seconds))


def _media(listen: str, agents: list[str], drain_seconds: int, log_format: str) -> None:
    from linecard.cli.media import run_pod
    from linecard.logs import catch_strays, configure
    from linecard.pods.privacy import keep_private

    keep_private()
    configure(json=log_format == "json")
    catch_strays()
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(run_pod(listen, agents, drain_seconds))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop where it is installed: it is not made for Windows."""
    try:
        import uvloop
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory
