"""`linecard simulate`: a simulated carrier on loopback, for a server that is started by hand."""

from __future__ import annotations

import asyncio
import secrets
import shlex
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import httpx2
import typer
from rich.console import Console

from linecard.cli.remote import ask
from linecard.errors import LinecardError
from linecard.plugins import Plugins

if TYPE_CHECKING:
    from linecard.simulator import SimulatedCarrier

CALLER = "+14155550177"

Name = Annotated[str, typer.Argument(help="Whose carrier: 'linecard providers'.")]
Action = Annotated[
    str | None,
    typer.Argument(
        metavar="call|setup",
        help="With a running one: call a number, or paste its addresses there.",
    ),
]
To = Annotated[str | None, typer.Argument(metavar="NUMBER", help="A registered number.")]
Port = Annotated[int, typer.Option(help="Where it listens, on loopback.")]
App = Annotated[str, typer.Option(help="The server it talks to.", envvar="LINECARD_PUBLIC_URL")]
From = Annotated[str, typer.Option("--from", help="Who calls.")]
Say = Annotated[
    str | None, typer.Option(help="What the caller says: a text, or the path of a WAV file.")
]


def simulate(
    name: Name,
    action: Action = None,
    to: To = None,
    port: Port = 9000,
    app: App = "http://127.0.0.1:8080",
    from_: From = CALLER,
    say: Say = None,
) -> None:
    """Run a simulated carrier; or let somebody call through a running one, or set a number up there.

    linecard simulate NAME --port 9000

    linecard simulate NAME call +14155550100 --say hello.wav

    linecard simulate NAME setup +14155550100
    """
    from linecard.demo.providers import pick_provider, simulated

    plugins = Plugins.discover()
    chosen = pick_provider(plugins, name)
    if action is None:
        asyncio.run(_run(simulated(plugins, chosen), app.rstrip("/"), port))
    elif action == "call" and to is not None:
        _call(port, from_, to, say)
    elif action == "setup" and to is not None:
        _set_up(port, to, app)
    else:
        raise typer.BadParameter(f"write: linecard simulate {name} call NUMBER, or setup NUMBER")


async def _run(carrier: type[SimulatedCarrier], app: str, port: int) -> None:
    """Serve until SIGINT or SIGTERM."""
    from linecard.clock import Clock
    from linecard.demo.narrator import Narrator
    from linecard.demo.story import Story
    from linecard.demo.terminal import Terminal
    from linecard.simulator.serving import running

    clock, stopping = Clock(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    simulated = carrier(app, clock=clock)
    story = Story(clock)
    story.listen(Terminal().show)
    async with running(simulated, app, port=port) as url:
        simulated.ledger.watch(Narrator(story, {}))
        _announce(url, app, simulated.environment(url))
        await stopping.wait()


def _announce(url: str, app: str, own: Mapping[str, str]) -> None:
    """What a server needs to talk to this carrier, ready to be pasted."""
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"simulated carrier on {url}, for a server on {app}", style="bold", markup=False)
    console.print("paste into the shells of 'linecard serve' and of its commands:\n", style="dim")
    for name, value in {**_server_variables(app), **own}.items():
        console.print(f"export {name}={shlex.quote(value)}", markup=False)
    console.print("\nevents follow; end with Ctrl-C\n", style="dim")


def _server_variables(app: str) -> dict[str, str]:
    """The server's own settings that have no default; fresh secrets at every start."""
    return {
        "LINECARD_PUBLIC_URL": app,
        "LINECARD_API_KEY": secrets.token_urlsafe(24),
        "LINECARD_SECRET": secrets.token_urlsafe(48),
    }


def _call(port: int, from_: str, to: str, say: str | None) -> None:
    order = {"from": from_, "to": to} | ({"say": _sound(say)} if say else {})
    told = _post(port, "calls", order).json()
    Console(highlight=False).print(f"{told['call']}  {from_} calls {to}", markup=False)


def _set_up(port: int, number: str, app: str) -> None:
    """Paste the addresses of the number's set-up steps, as a person does at the carrier's console."""
    known = ask("GET", f"/numbers/{number}", app)
    pasted = [step["paste"] for step in known["setup"] or () if step["paste"]]
    order = {"number": number, "paste": pasted, "record": known["record"]}
    _post(port, "setup", order)
    Console(highlight=False).print(
        f"{number}: pasted {len(pasted)} of its set-up steps", markup=False
    )


def _post(port: int, path: str, order: Mapping[str, object]) -> httpx2.Response:
    try:
        answer = httpx2.post(
            f"http://127.0.0.1:{port}/_simulator/{path}", json=order, trust_env=False
        )
    except httpx2.HTTPError as error:
        raise LinecardError(
            f"no simulated carrier answers on port {port} ({error}); "
            "start it with 'linecard simulate NAME', or give its --port"
        ) from error
    if not answer.is_success:
        told = answer.json()
        raise LinecardError(f"{told['field']}: {told['message']}")
    return answer


def _sound(say: str) -> str:
    """A WAV file as the carrier finds it from its own folder; a text as it is."""
    return str(Path(say).resolve()) if say.lower().endswith(".wav") else say
