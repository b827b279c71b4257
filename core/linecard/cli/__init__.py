"""The command line: `linecard demo | serve | doctor | call | explain | numbers | blocklist | providers | simulate | init | rates | replay ...`."""

from __future__ import annotations

import sys
from functools import cache

import typer

from linecard.cli.blocklist import blocklist
from linecard.cli.calls import call
from linecard.cli.demo import demo
from linecard.cli.doctor import doctor
from linecard.cli.explain import explain
from linecard.cli.fallback import fallback
from linecard.cli.forget import forget
from linecard.cli.init import init
from linecard.cli.new_provider import new_provider
from linecard.cli.notifications import notifications
from linecard.cli.numbers import numbers
from linecard.cli.pod_key import pod_key
from linecard.cli.providers import providers
from linecard.cli.rates import rates
from linecard.cli.replay import replay
from linecard.cli.serve import serve
from linecard.cli.simulate import simulate
from linecard.errors import ConfigurationError, LinecardError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="A plugin-based telephony provider framework for voice AI.",
)
for command in (
    demo,
    serve,
    doctor,
    call,
    explain,
    providers,
    simulate,
    init,
    pod_key,
    rates,
    replay,
    forget,
    new_provider,
):
    app.command()(command)
app.add_typer(notifications, name="notifications", help="Notifications out, and their secrets.")
app.add_typer(fallback, name="fallback", help="Documents for when this server does not answer.")
app.add_typer(numbers, name="numbers", help="Registered numbers.")
app.add_typer(blocklist, name="blocklist", help="Whose calls are not taken, and who is not called.")


def main() -> None:
    """Run a command; what a person can mend is said in one line, without a traceback."""
    try:
        whole()()
    except (ConfigurationError, LinecardError) as error:
        typer.secho(f"linecard: {error}", err=True, fg=typer.colors.RED)
        sys.exit(1)


@cache
def whole() -> typer.Typer:
    """The command line with what plugins add to it."""
    from linecard.plugins import Plugins

    for offered in Plugins.discover().ask_all("commands"):
        for extra in offered:
            if isinstance(extra, typer.Typer):
                app.add_typer(extra)
    return app
