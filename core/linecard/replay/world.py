"""A fresh server for one recorded call: the real exchange and application, on no port, in a folder of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, get_type_hints

from phonenumbers import SUPPORTED_REGIONS
from starlette.types import ASGIApp

from linecard.clock import Clock
from linecard.errors import ConfigurationError, InvalidField
from linecard.exchange.context import Exchange
from linecard.exchange.lifecycle import build_dialer, build_exchange
from linecard.exchange.pasted import new_proof
from linecard.flight.reading import Line, Recorded
from linecard.http.app import Shared, public_app
from linecard.numbers import Number
from linecard.outbound.dialing import Dialer
from linecard.plugins import Plugins
from linecard.replay.ids import ListeningTokens
from linecard.replay.loop import JumpingLoop, LoopClock, StillDatabase
from linecard.replay.scripted import Script, ScriptedAgents, allowed_targets, asks_of
from linecard.replay.standin import StandIn
from linecard.replay.ticking import RecordedTicker
from linecard.settings import AccountSettings, Secret, Settings
from linecard.settings.convert import converter
from linecard.tokens import new_id

BEFORE_SECONDS = 10.0
"""The record's beginning on the replay's clock: what came a little before it must fit too."""
PLACEHOLDER = "replay-" + "0" * 40
"""In the place of every secret: nothing is signed with it that anybody checks."""
NO_LIMIT = 1_000_000


@dataclass(frozen=True, slots=True)
class World:
    """The server of a replay. `origin`: where the record begins on its clock."""

    exchange: Exchange
    dialer: Dialer
    app: ASGIApp
    tokens: ListeningTokens
    number: Number
    origin: float


def build(recorded: Recorded, loop: JumpingLoop, folder: Path) -> World:
    """A server as the recorded one was. Raises InvalidField where its provider is not installed."""
    head = recorded.head
    speed = float(head["speed"])
    clock, origin = LoopClock(loop, speed), BEFORE_SECONDS * speed
    plugins = _plugins(head)
    plugins.tap(StandIn(recorded.of("hook"), clock, origin).tap)
    settings = _settings(recorded, plugins, folder)
    tokens = ListeningTokens(settings.secret)
    script = Script(asks_of(recorded.lines), clock, origin)
    ticker = _ticker(recorded, clock, origin)
    exchange = replace(
        build_exchange(settings, plugins, (), clock),
        database=StillDatabase(settings.database_url, loop),
        agents=ScriptedAgents(script, next(iter(recorded.of("agent")), {})),
        ticker=ticker,
        tokens=tokens,
    )
    assert exchange.flights is not None
    exchange.flights.ticker = ticker
    dialer = build_dialer(exchange)
    app = public_app(Shared.of(exchange, dialer), with_admin=False)
    return World(exchange, dialer, app, tokens, _number(head["call"]), origin)


def _ticker(recorded: Recorded, clock: Clock, origin: float) -> RecordedTicker:
    moments = [origin + line["t"] for line in recorded.of("tick")]
    over = [origin + line["t"] for line in recorded.of("stream-over")]
    return RecordedTicker(clock, moments, max([*moments, *over], default=origin))


def time_of_day(recorded: Recorded, loop: JumpingLoop) -> datetime:
    """The time of day as it was at this moment of the record."""
    began = datetime.fromisoformat(recorded.head["call"]["created_at"])
    return began + timedelta(seconds=loop.time() - BEFORE_SECONDS)


def _plugins(head: Line) -> Plugins:
    """The provider alone: no other plugin has anything to do with a replay."""
    name = head["call"]["provider"]
    installed = Plugins.discover().providers
    if name not in installed:
        raise InvalidField("file", f"the call was carried by {name}, which is not installed")
    return Plugins([installed[name]])


def _settings(recorded: Recorded, plugins: Plugins, folder: Path) -> Settings:
    head = recorded.head
    call = head["call"]
    values = _account(plugins.providers[call["provider"]].cls.settings, head["settings"])
    account = AccountSettings(provider=call["provider"], name=call["account"], values=values)
    return Settings(
        public_url=head["public_url"],
        fallback_url=head["fallback_url"],
        api_key=Secret(PLACEHOLDER),
        secret=Secret(PLACEHOLDER),
        database_url=f"sqlite:///{folder}/replay.db",
        recordings="off",
        allowed_countries=frozenset(SUPPORTED_REGIONS),
        transfer_allow=allowed_targets(recorded.lines),
        max_calls_per_minute=NO_LIMIT,
        max_live_calls=NO_LIMIT,
        max_calls_per_number_per_day=NO_LIMIT,
        flight_dir=str(folder),
        flight_audio=head["audio"],
        flight_numbers=True,
        flight_digits=head["keys"] == "masked",
        accounts={call["provider"]: (account,)},
    )


def _account(settings: type, recorded: Mapping[str, Any]) -> Any:
    """The account's settings as they were, with placeholders for what was hidden."""
    hints = get_type_hints(settings)
    given = {
        field.name: converter(hints[field.name])(_given(recorded[field.name]))
        for field in fields(settings)
        if field.init and recorded.get(field.name) not in (None, "", [])
    }
    try:
        return settings(**given)
    except (TypeError, ConfigurationError) as error:
        raise InvalidField("file", f"the account cannot be set up as it was: {error}") from error


def _given(value: Any) -> Any:
    return PLACEHOLDER if value == "***" else value


def _number(call: Line) -> Number:
    """The number as the call shows that it was registered."""
    return Number(
        id=new_id(),
        number=call["number"],
        provider=call["provider"],
        account=call["account"],
        agent=call["agent"],
        stream=call["profile"],
        channels=NO_LIMIT,
        options=call["options"],
        record=call["record"],
        proofs=(new_proof(),),
    )
